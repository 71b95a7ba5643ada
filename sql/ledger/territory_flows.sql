-- Flows between the nodes of every level. A mirror need is the same flows seen from the other end:
-- `dependencies` turns them round, they are not summed again.
with
pairs as (
    select
        flows.need,
        flows.provider_code,
        flows.dependent_code,
        exact(flows.quantity) as quantity,
        exact(flows.quantity * flows.unit_weight) as sampling_variance,
        exact(case when flows.distance_km is null then 0 else flows.quantity end) as located_quantity,
        exact(coalesce(flows.quantity * flows.distance_km, 0)) as quantity_km,
        flows.year,
        flows.evidence
    from flows
    inner join need_catalogue using (need)
    where need_catalogue.mirror_of is null
),

-- Levels where a commune has one territory at most. The nodes of a place stand in a list, level by level,
-- so that both ends are looked up once and unfold together. Between communes, the pairs are the flows.
places as (
    select
        place_nodes.place_code,
        any_value(place_nodes.node_id) filter (where place_nodes.level = 'commune') as own_node,
        list(place_nodes.node_id order by place_nodes.level) filter (where place_nodes.level != 'commune') as nodes
    from place_nodes
    inner join level_catalogue using (level)
    where level_catalogue.kind = 'partition'
    group by place_nodes.place_code
),

between_communes as (
    select
        pairs.need,
        provider.own_node as provider_id,
        dependent.own_node as dependent_id,
        pairs.quantity,
        pairs.sampling_variance,
        pairs.located_quantity,
        pairs.quantity_km,
        pairs.year,
        pairs.evidence
    from pairs
    inner join places as provider on pairs.provider_code = provider.place_code
    inner join places as dependent on pairs.dependent_code = dependent.place_code
),

between_territories as (
    select
        pairs.need,
        unnest(provider.nodes) as provider_id,
        unnest(dependent.nodes) as dependent_id,
        pairs.quantity,
        pairs.sampling_variance,
        pairs.located_quantity,
        pairs.quantity_km,
        pairs.year,
        pairs.evidence
    from pairs
    inner join places as provider on pairs.provider_code = provider.place_code
    inner join places as dependent on pairs.dependent_code = dependent.place_code
),

-- Perimeters: from each, what is inside is its own, and what is outside is an EPCI.
perimeters as (
    select
        nodes.level,
        nodes.node_id,
        member.commune_code
    from territory_members as member
    inner join level_catalogue using (level)
    inner join nodes
        on member.level = nodes.level and member.level = nodes.node_level and member.code = nodes.node_code
    where level_catalogue.kind = 'perimeter'
),

into_perimeters as (
    select
        pairs.need,
        coalesce(inside.node_id, place_nodes.node_id) as provider_id,
        own.node_id as dependent_id,
        pairs.quantity,
        pairs.sampling_variance,
        pairs.located_quantity,
        pairs.quantity_km,
        pairs.year,
        pairs.evidence
    from pairs
    inner join perimeters as own on pairs.dependent_code = own.commune_code
    inner join place_nodes on pairs.provider_code = place_nodes.place_code and own.level = place_nodes.level
    left join perimeters as inside
        on pairs.provider_code = inside.commune_code and own.node_id = inside.node_id
),

out_of_perimeters as (
    select
        pairs.need,
        own.node_id as provider_id,
        place_nodes.node_id as dependent_id,
        pairs.quantity,
        pairs.sampling_variance,
        pairs.located_quantity,
        pairs.quantity_km,
        pairs.year,
        pairs.evidence
    from pairs
    inner join perimeters as own on pairs.provider_code = own.commune_code
    inner join place_nodes on pairs.dependent_code = place_nodes.place_code and own.level = place_nodes.level
    -- What stays inside has already been counted on its way in.
    anti join perimeters as inside
        on pairs.dependent_code = inside.commune_code and own.node_id = inside.node_id
)

select
    need,
    provider_id,
    dependent_id,
    sum(quantity) as quantity,
    sum(sampling_variance) as sampling_variance,
    sum(located_quantity) as located_quantity,
    sum(quantity_km) as quantity_km,
    any_value(year) as year,
    min(evidence) as evidence
from (
    select * from between_territories
    union all
    select * from into_perimeters
    union all
    select * from out_of_perimeters
)
group by need, provider_id, dependent_id
union all
select * from between_communes
