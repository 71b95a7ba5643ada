-- What the links of a territory say of it, in numbers that a lever can be triggered by (signals.yml).
with
-- A territory that answers no deficit, or finds no answer, has none where its balance is known.
balanced as (
    select
        balances.level,
        balances.code,
        balances.need,
        any_value(need_catalogue.function) as function,
        min(balances.evidence) as evidence
    from balances
    inner join need_catalogue using (need)
    inner join level_catalogue using (level)
    where
        need_catalogue.reach_km is not null and balances.net is not null
        and (balances.level = 'epci' or level_catalogue.kind = 'perimeter')
    group by balances.level, balances.code, balances.need
),

matches as (
    -- Others are EPCI: perimeters, which anyone may draw, change nothing of what is said of an EPCI.
    select need, receiver_level as level, receiver_code as code, 'surplus' as found, giver_code as other, evidence, year
    from complements
    where giver_level = 'epci'
    union all
    select need, giver_level, giver_code, 'deficit', receiver_code, evidence, year
    from complements
    where receiver_level = 'epci'
),

near as (
    select
        balanced.level,
        balanced.code,
        'nearby_' || way.found || '_' || balanced.need as signal,
        count(matches.other) as value,
        least(min(balanced.evidence), min(matches.evidence)) as evidence,
        max(matches.year) as year
    from balanced
    cross join (values ('surplus'), ('deficit')) as way (found)
    left join matches
        on balanced.level = matches.level and balanced.code = matches.code and balanced.need = matches.need
        and way.found = matches.found
    group by all
),

near_by_function as (
    select
        balanced.level,
        balanced.code,
        'nearby_matches_' || balanced.function as signal,
        count(distinct matches.other) as value,
        least(min(balanced.evidence), min(matches.evidence)) as evidence,
        max(matches.year) as year
    from balanced
    left join matches
        on balanced.level = matches.level and balanced.code = matches.code and balanced.need = matches.need
    group by all
),

known as (
    select level, code, max(year) as year, min(evidence) as evidence
    from relations
    where level not in ('commune', 'country')
    group by level, code
),

with_both as (
    select level, code_a as code, evidence from baskets where basket in ('reciprocal', 'crossed')
    union all
    select level_b, code_b, evidence from baskets where basket in ('reciprocal', 'crossed') and level = level_b
),

reciprocal as (
    select
        known.level,
        known.code,
        'reciprocal_baskets' as signal,
        count(with_both.code) as value,
        coalesce(min(with_both.evidence), any_value(known.evidence)) as evidence,
        known.year
    from known
    left join with_both using (level, code)
    group by known.level, known.code, known.year
),

largest as (
    -- Nobody plans with the rest of the world.
    select
        level,
        code,
        'largest_share_' || function as signal,
        100 * max(share) as value,
        arg_max(evidence, share) as evidence,
        max(year) as year
    from dependencies
    where direction = 'depends_on' and rank > 0 and partner_level not in ('foreign', 'elsewhere', 'unknown')
    group by level, code, function
),

same_provider as (
    select
        level,
        code,
        'shared_dominant_provider' as signal,
        count(*) over (partition by level, dominant_code) - 1 as value,
        evidence,
        year
    from relations
    where need = 'jobs' and direction = 'depends_on' and dominant_code is not null
),

weakest as (
    select
        balances.level,
        balances.code,
        any_value(territories.departement_code) as departement_code,
        arg_min(balances.need, (balances.self_sufficiency, balances.need::varchar)) as need,
        min(balances.evidence) as evidence,
        max(balances.year) as year
    from balances
    inner join balanced using (level, code, need)
    inner join territories using (level, code)
    where balances.self_sufficiency < 1
    group by balances.level, balances.code
),

same_weakness as (
    select
        level,
        code,
        'shared_weakest_need' as signal,
        count(*) over (partition by level, departement_code, need) - 1 as value,
        evidence,
        year
    from weakest
),

people as (
    select level, code, 'population' as signal, population as value, 'observed' as evidence, cog_year as year
    from territories
    where population is not null
)

select level, code, signal, value, evidence, coalesce(year, (select max(year) from balances)) as year
from (
    select * from near
    union all
    select * from near_by_function
    union all
    select * from reciprocal
    union all
    select * from largest
    union all
    select * from same_provider
    union all
    select * from same_weakness
    union all
    select * from people
)
