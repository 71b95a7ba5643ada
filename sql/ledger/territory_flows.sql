-- Flows between territories, seen from each: what it depends on, and what depends on it. A mirror need is
-- the same flows seen from the other end: `dependencies` turns them round, they are not summed again.
with
pairs as (
    select
        flows.need,
        flows.provider_code,
        flows.dependent_code,
        exact(flows.quantity) as quantity,
        exact(flows.quantity * flows.unit_weight) as sampling_variance,
        exact(case when flows.distance_km is not null then flows.quantity else 0 end) as located_quantity,
        exact(coalesce(flows.quantity * flows.distance_km, 0)) as quantity_km,
        flows.year,
        flows.evidence
    from flows
    inner join need_catalogue using (need)
    where need_catalogue.mirror_of is null
),

-- Levels where a commune has one territory at most: partners are of the same level. The nodes of a place
-- stand in a list, so that both ends are looked up once and unfold together, level by level.
places as (
    select
        place_code,
        list({level: level, node_level: node_level, node_code: node_code} order by level) as nodes
    from level_nodes
    group by place_code
),

at_each_level as (
    select
        pairs.need,
        pairs.quantity,
        pairs.sampling_variance,
        pairs.located_quantity,
        pairs.quantity_km,
        pairs.year,
        pairs.evidence,
        unnest(provider.nodes) as provider,
        unnest(dependent.nodes) as dependent
    from pairs
    inner join places as provider on pairs.provider_code = provider.place_code
    inner join places as dependent on pairs.dependent_code = dependent.place_code
),

between_nodes as (
    select
        need,
        provider.level,
        provider.node_level as provider_level,
        provider.node_code as provider_code,
        dependent.node_level as dependent_level,
        dependent.node_code as dependent_code,
        sum(quantity) as quantity,
        sum(sampling_variance) as sampling_variance,
        sum(located_quantity) as located_quantity,
        sum(quantity_km) as quantity_km,
        any_value(year) as year,
        min(evidence) as evidence
    from at_each_level
    group by all
),

-- Perimeters: what is inside is their own, and partners outside are EPCI.
perimeters as (
    select member.level, member.code, member.commune_code
    from territory_members as member
    inner join level_catalogue using (level)
    where level_catalogue.kind = 'perimeter'
),

ends as (
    select 'depends_on' as direction, dependent_code as own_code, provider_code as other_code, pairs.* from pairs
    union all
    select 'depended_on_by', provider_code, dependent_code, pairs.* from pairs
),

around_perimeters as (
    select
        ends.need,
        own.level,
        own.code,
        ends.direction,
        case when inside.code is null then node.node_level else own.level end as partner_level,
        case when inside.code is null then node.node_code else own.code end as partner_code,
        sum(ends.quantity) as quantity,
        sum(ends.sampling_variance) as sampling_variance,
        sum(ends.located_quantity) as located_quantity,
        sum(ends.quantity_km) as quantity_km,
        any_value(ends.year) as year,
        min(ends.evidence) as evidence
    from ends
    inner join perimeters as own on ends.own_code = own.commune_code
    left join perimeters as inside
        on own.level = inside.level and own.code = inside.code and ends.other_code = inside.commune_code
    inner join level_nodes as node on node.level = 'epci' and ends.other_code = node.place_code
    group by all
)

select
    need,
    level,
    dependent_code as code,
    'depends_on' as direction,
    provider_level as partner_level,
    provider_code as partner_code,
    quantity,
    sampling_variance,
    located_quantity,
    quantity_km,
    year,
    evidence
from between_nodes
where dependent_level = level
union all
select
    need,
    level,
    provider_code,
    'depended_on_by',
    dependent_level,
    dependent_code,
    quantity,
    sampling_variance,
    located_quantity,
    quantity_km,
    year,
    evidence
from between_nodes
where provider_level = level
union all
select *
from around_perimeters
