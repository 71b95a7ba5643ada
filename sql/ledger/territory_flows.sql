-- Counted flows between the nodes of every network (attributed ones are no sums of communes). A mirror need is
-- the same flows seen from the other end: `dependencies` turns them round, they are not summed again.
with
places as (
    select place_code, node_id as place_id
    from place_nodes
    where network = 'commune'
),

pairs as (
    select
        flows.need,
        provider.place_id as provider_id,
        dependent.place_id as dependent_id,
        exact(flows.quantity) as quantity,
        exact(flows.quantity * flows.unit_weight) as sampling_variance,
        exact(case when flows.distance_km is null then 0 else flows.quantity end) as located_quantity,
        exact(coalesce(flows.quantity * flows.distance_km, 0)) as quantity_km,
        exact(case when flows.ghg_kgco2e is null then 0 else flows.quantity end) as daily_quantity,
        exact(coalesce(flows.ghg_kgco2e, 0)) as ghg_kgco2e,
        exact(coalesce(flows.ghg_ttw_kgco2e, 0)) as ghg_ttw_kgco2e,
        flows.year,
        flows.evidence
    from flows
    inner join need_catalogue using (need)
    inner join places as provider on flows.provider_code = provider.place_code
    inner join places as dependent on flows.dependent_code = dependent.place_code
    where need_catalogue.source_id is not null and need_catalogue.mirror_of is null
),

-- The nodes of a place stand in a list, so that both ends are looked up once and unfold together.
territories as (
    select places.place_id, list(place_nodes.node_id order by place_nodes.network) as nodes
    from place_nodes
    inner join places using (place_code)
    where place_nodes.network not in ('commune', 'perimeters')
    group by places.place_id
),

between_territories as (
    select
        unnest(provider.nodes) as provider_id,
        unnest(dependent.nodes) as dependent_id,
        pairs.* exclude (provider_id, dependent_id)
    from pairs
    inner join territories as provider on pairs.provider_id = provider.place_id
    inner join territories as dependent on pairs.dependent_id = dependent.place_id
),

-- From each perimeter, what is inside is its own, and what is outside is an EPCI.
perimeters as (
    select places.place_id, nodes.node_id
    from territory_members as member
    inner join nodes on member.level = nodes.level and member.code = nodes.code
    inner join places on member.commune_code = places.place_code
    where nodes.network = 'perimeters' and nodes.is_seen
),

around as (
    select places.place_id, place_nodes.node_id
    from place_nodes
    inner join places using (place_code)
    where place_nodes.network = 'perimeters'
),

into_perimeters as (
    select
        coalesce(inside.node_id, around.node_id) as provider_id,
        own.node_id as dependent_id,
        pairs.* exclude (provider_id, dependent_id)
    from pairs
    inner join perimeters as own on pairs.dependent_id = own.place_id
    inner join around on pairs.provider_id = around.place_id
    left join perimeters as inside on pairs.provider_id = inside.place_id and own.node_id = inside.node_id
),

-- What stays inside has already been counted on its way in.
out_of_perimeters as (
    select
        own.node_id as provider_id,
        around.node_id as dependent_id,
        pairs.* exclude (provider_id, dependent_id)
    from pairs
    inner join perimeters as own on pairs.provider_id = own.place_id
    inner join around on pairs.dependent_id = around.place_id
    anti join perimeters as inside on pairs.dependent_id = inside.place_id and own.node_id = inside.node_id
)

-- Between communes, the flows are the pairs themselves.
from pairs
select need, provider_id, dependent_id, quantity, sampling_variance, located_quantity, quantity_km, daily_quantity,
    ghg_kgco2e, ghg_ttw_kgco2e, year, evidence
union all
select
    need,
    provider_id,
    dependent_id,
    sum(quantity),
    sum(sampling_variance),
    sum(located_quantity),
    sum(quantity_km),
    sum(daily_quantity),
    sum(ghg_kgco2e),
    sum(ghg_ttw_kgco2e),
    any_value(year),
    min(evidence)
from (
    select * from between_territories
    union all
    select * from into_perimeters
    union all
    select * from out_of_perimeters
)
group by need, provider_id, dependent_id
