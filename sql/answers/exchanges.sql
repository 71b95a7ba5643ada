-- What two territories provide each other, need by need. A mirror need counts the same people from the other end: it
-- is left out. Two territories of a level meet once; a perimeter meets the EPCI around it.
with
named as (
    select level, need, partner_code as provider_code, code as dependent_code, quantity, year, evidence
    from dependencies
    where direction = 'depends_on' and rank > 0 and partner_level = level
    union all
    -- An attributed flow can be named at either end only: a small part of one is a large part of the other.
    select dependencies.level, dependencies.need, dependencies.code, dependencies.partner_code, dependencies.quantity,
        dependencies.year, dependencies.evidence
    from dependencies
    inner join need_catalogue using (need)
    where dependencies.direction = 'depended_on_by' and dependencies.rank > 0
        and dependencies.partner_level = dependencies.level and need_catalogue.source_id is null
),

between_equals as (
    select
        named.level,
        named.need,
        named.provider_code,
        named.dependent_code,
        named.level as partner_level,
        max(named.quantity) as quantity,
        any_value(named.year) as year,
        min(named.evidence) as evidence
    from named
    inner join level_catalogue on named.level = level_catalogue.level and level_catalogue.kind = 'partition'
    group by named.level, named.need, named.provider_code, named.dependent_code
),

around_perimeters as (
    select level, need, direction, code, partner_level, partner_code, quantity, year, evidence
    from dependencies
    inner join level_catalogue using (level)
    where level_catalogue.kind = 'perimeter' and dependencies.rank > 0 and dependencies.partner_level = 'epci'
),

ways as (
    select level, need, least(provider_code, dependent_code) as code_a, partner_level as level_b,
        greatest(provider_code, dependent_code) as code_b,
        case when provider_code < dependent_code then quantity end as a_to_b,
        case when provider_code > dependent_code then quantity end as b_to_a, year, evidence
    from between_equals
    union all
    select level, need, code, partner_level, partner_code,
        case when direction = 'depended_on_by' then quantity end,
        case when direction = 'depends_on' then quantity end, year, evidence
    from around_perimeters
),

-- Whose need is known, if only to be none: elsewhere, nothing named is no zero.
needed as (
    select balances.level, balances.code, balances.need, balances.demand as total
    from balances
    inner join need_catalogue using (need)
    where need_catalogue.source_id is not null and balances.demand is not null
    union all
    select relations.level, relations.code, relations.need, relations.total
    from relations
    inner join need_catalogue using (need)
    where need_catalogue.source_id is null and relations.direction = 'depends_on'
),

pairs as (
    select
        ways.level,
        ways.code_a,
        ways.level_b,
        ways.code_b,
        ways.need,
        max(ways.a_to_b) as a_to_b,
        max(ways.b_to_a) as b_to_a,
        any_value(ways.year) as year,
        min(ways.evidence) as evidence
    from ways
    group by ways.level, ways.code_a, ways.level_b, ways.code_b, ways.need
)

select
    pairs.level,
    pairs.code_a,
    pairs.level_b,
    pairs.code_b,
    pairs.need,
    -- Counted flows that are not there are none; attributed ones are too small to be named.
    coalesce(pairs.a_to_b, case when is_counted and b.total is not null then 0 end) as a_to_b,
    coalesce(pairs.b_to_a, case when is_counted and a.total is not null then 0 end) as b_to_a,
    coalesce(pairs.b_to_a, case when is_counted then 0 end) / nullif(a.total, 0) as share_of_a,
    coalesce(pairs.a_to_b, case when is_counted then 0 end) / nullif(b.total, 0) as share_of_b,
    a.total is not null and b.total is not null as is_known,
    pairs.year,
    pairs.evidence
from pairs
inner join (
    select need, source_id is not null as is_counted from need_catalogue where mirror_of is null
) as counted using (need)
left join needed as a on pairs.level = a.level and pairs.code_a = a.code and pairs.need = a.need
left join needed as b on pairs.level_b = b.level and pairs.code_b = b.code and pairs.need = b.need
