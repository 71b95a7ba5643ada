-- The partners of each territory, ranked: on whom it depends, and who depends on it. Rank 0 is the part it
-- meets itself. Only territories whose need (or supply) the source knows are here.
with
wholes as (
    select
        need,
        level,
        code,
        direction,
        sum(exact(quantity)) as total,
        sum(exact(quantity)) filter (where partner_level = level and partner_code = code) as own,
        any_value(year) as year,
        min(evidence) as evidence
    from territory_flows
    group by need, level, code, direction
),

partners as (
    select need, level, code, direction, partner_level, partner_code, quantity, sampling_variance, located_quantity,
        quantity_km, evidence
    from territory_flows
    union all
    -- A territory that meets nothing of its need itself says so.
    select need, level, code, direction, level, code, 0, 0, 0, 0, evidence
    from wholes
    where own is null
),

ranked as (
    select
        partners.*,
        wholes.total,
        wholes.year,
        coverage.coverage,
        partners.partner_level = partners.level and partners.partner_code = partners.code as is_own,
        row_number() over (
            partition by partners.need, partners.level, partners.code, partners.direction
            order by is_own desc, partners.partner_level = 'unknown', partners.quantity desc,
                partners.partner_level, partners.partner_code
        ) - 1 as rank
    from partners
    inner join wholes using (need, level, code, direction)
    inner join need_coverage as coverage using (need, level, code, direction)
    where coverage.coverage >= $minimum_coverage and wholes.total > 0
),

shared as (
    select
        *,
        quantity / cast(total as double) as share,
        cast(sum(exact(quantity)) over (
            partition by need, level, code, direction
            order by rank rows unbounded preceding
        ) as double) / cast(total as double) as cumulative_share
    from ranked
),

-- A need, then its mirror: the same people, seen from the other end.
turned as (
    select shared.need as counted_as, shared.direction as turned_direction, shared.* from shared
    union all
    select
        mirror.need,
        case shared.direction when 'depends_on' then 'depended_on_by' else 'depends_on' end,
        shared.*
    from shared
    inner join need_catalogue as mirror on shared.need = mirror.mirror_of
)

select
    turned.level,
    turned.code,
    territory.name,
    need_catalogue.function,
    turned.counted_as as need,
    turned.turned_direction as direction,
    turned.rank,
    turned.partner_level,
    turned.partner_code,
    partner.name as partner_name,
    turned.quantity,
    turned.share,
    turned.cumulative_share,
    need_catalogue.unit,
    turned.year,
    round(turned.quantity_km / nullif(turned.located_quantity, 0), 1) as distance_km,
    cast(null as double) as ghg_kgco2e,
    turned.evidence,
    coalesce(round(byar_low(turned.quantity, turned.sampling_variance / nullif(turned.quantity, 0)), 1), 0) as low,
    coalesce(round(byar_high(turned.quantity, turned.sampling_variance / nullif(turned.quantity, 0)), 1), 0) as high,
    turned.coverage
from turned
inner join need_catalogue on turned.counted_as = need_catalogue.need
inner join territories as territory on turned.level = territory.level and turned.code = territory.code
inner join territories as partner
    on turned.partner_level = partner.level and turned.partner_code = partner.code
