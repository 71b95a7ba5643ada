-- The measures asked for together, summed over the communes of a territory that all of them speak of.
with
-- A commune of which a measure is kept from us, inside the extent of its source, is spoken of.
said as (
    select commune_code, measure, year, value, low, high, false as is_silent from measures
    union all
    select commune_code, measure, year, null, null, null, true from silent_measures
),

terms as (
    select formula, level, code, year, count(*) as terms
    from asked_sums
    group by formula, level, code, year
),

people as (
    select
        member.level,
        member.code,
        exact_sum(greatest(coalesce(communes.population, 1), 1)) as people
    from territory_members as member
    inner join communes using (commune_code)
    group by member.level, member.code
),

found as (
    select
        asked.formula,
        asked.level,
        asked.code,
        asked.year,
        asked.measure,
        said.value,
        said.low,
        said.high,
        said.is_silent,
        greatest(coalesce(communes.population, 1), 1) as population,
        count(*) over (
            partition by asked.formula, asked.level, asked.code, asked.year, said.commune_code
        ) as terms
    from asked_sums as asked
    inner join territory_members as member on asked.level = member.level and asked.code = member.code
    inner join communes using (commune_code)
    inner join said
        on member.commune_code = said.commune_code
        and asked.measure = said.measure and asked.measure_year = said.year
)

select
    found.formula,
    found.level,
    found.code,
    found.year,
    found.measure,
    exact_sum(found.value) as value,
    sum_of_lows(value, low, 1) as low,
    -- What silent communes hold is unknown: no bound where they are a notable part.
    case
        when count(*) filter (where is_silent) < $notable_part * count(*)
            then sum_of_highs(case when is_silent then 0 else value end, low, high, 1)
    end as high,
    coalesce(exact_sum_if(found.population, found.value is not null), 0) / any_value(people.people) as coverage
from found
inner join terms using (formula, level, code, year, terms)
inner join people on found.level = people.level and found.code = people.code
group by found.formula, found.level, found.code, found.year, found.measure
