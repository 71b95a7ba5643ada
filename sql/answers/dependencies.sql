-- The partners of each territory, ranked: on whom it depends, and who depends on it. Rank 0 is the part it
-- meets itself. Only territories whose need (or supply) the source knows are here.
with
-- The same flow as each of its two ends sees it.
seen as (
    select need, dependent_id as own_id, 'depends_on' as direction, provider_id as partner_id, quantity,
        sampling_variance / quantity as unit_weight, located_quantity, quantity_km, year, evidence
    from territory_flows
    where quantity > 0
    union all
    select need, provider_id, 'depended_on_by', dependent_id, quantity, sampling_variance / quantity,
        located_quantity, quantity_km, year, evidence
    from territory_flows
    where quantity > 0
),

known as (
    select
        nodes.node_id as own_id,
        nodes.level,
        coverage.code,
        coverage.need,
        coverage.direction,
        coverage.coverage
    from need_coverage as coverage
    inner join nodes
        on coverage.level = nodes.level and coverage.code = nodes.code and nodes.is_seen
    where coverage.coverage >= $minimum_coverage and not coverage.is_whole
),

-- A territory that meets nothing of its need itself says so: nobody was counted, not nobody for sure.
without_own as (
    select whole.need, whole.own_id, whole.direction, whole.own_id as partner_id, 0 as quantity,
        unit_weights.unit_weight, 0 as located_quantity, 0 as quantity_km, whole.year, whole.evidence
    from (
        select need, own_id, direction, any_value(year) as year, min(evidence) as evidence
        from seen
        group by need, own_id, direction
        having not bool_or(own_id = partner_id)
    ) as whole
    left join unit_weights on whole.need = unit_weights.need and whole.own_id = unit_weights.node_id
),

partners as (
    select
        seen.*,
        known.coverage,
        seen.own_id = seen.partner_id as is_own,
        partner.level as partner_level,
        partner.code as partner_code
    from (select * from seen union all select * from without_own) as seen
    inner join known using (need, own_id, direction)
    inner join nodes as partner on seen.partner_id = partner.node_id
),

-- Oneself first, the unknown place last; among equals, the lowest code.
ranked as materialized (
    select
        *,
        row_number() over ranking - 1 + case when first_value(is_own) over ranking then 0 else 1 end as rank,
        sum(exact(quantity)) over (ranking rows unbounded preceding) as cumulated,
        sum(exact(quantity)) over (partition by need, own_id, direction) as total
    from partners
    window ranking as (
        partition by need, own_id, direction
        order by is_own desc, partner_level = 'unknown', quantity desc, partner_code, partner_id
    )
),

-- A need, then its mirror: the same people, seen from the other end.
turned as (
    select need_catalogue.need as counted_as, need_catalogue.function, need_catalogue.unit,
        ranked.direction as turned_direction, ranked.*
    from ranked
    inner join need_catalogue using (need)
    union all
    select mirror.need, mirror.function, mirror.unit,
        case ranked.direction when 'depends_on' then 'depended_on_by' else 'depends_on' end,
        ranked.*
    from ranked
    inner join need_catalogue as mirror on ranked.need = mirror.mirror_of
)

select
    own.level,
    own.code,
    territory.name,
    turned.function,
    turned.counted_as as need,
    turned.turned_direction as direction,
    turned.rank,
    turned.partner_level,
    turned.partner_code,
    partner.name as partner_name,
    turned.quantity,
    turned.quantity / cast(turned.total as double) as share,
    cast(turned.cumulated as double) / cast(turned.total as double) as cumulative_share,
    turned.unit,
    turned.year,
    round(turned.quantity_km / nullif(turned.located_quantity, 0), 1) as distance_km,
    cast(null as double) as ghg_kgco2e,
    turned.evidence,
    round(byar_low(turned.quantity, turned.unit_weight), 1) as low,
    round(byar_high(turned.quantity, turned.unit_weight), 1) as high,
    turned.coverage
from turned
inner join nodes as own on turned.own_id = own.node_id
inner join territories as territory on own.level = territory.level and own.code = territory.code
inner join territories as partner
    on turned.partner_level = partner.level and turned.partner_code = partner.code
