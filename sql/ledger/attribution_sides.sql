-- By which measure the need and the supply of an attributed need are known: the first that is known, in one year,
-- for enough of the country's people; else the one that is known for most of them.
with
country as (
    select exact_sum(population) as population from zones
),

known as (
    select
        measure.measure,
        measure.year,
        exact_sum(zones.population * measure.coverage) as population
    from territory_measures as measure
    inner join zones on measure.level = zones.level and measure.code = zones.zone_code
    where measure.coverage >= $minimum_coverage
    group by measure.measure, measure.year
),

candidates as (
    select
        catalogue.need,
        catalogue.side,
        catalogue.choice,
        catalogue.measure,
        known.year,
        coalesce(known.population / nullif(country.population, 0), 0) as known_share
    from attribution_catalogue as catalogue
    cross join country
    left join known using (measure)
)

select need, side, measure, year, known_share, known_share >= $attribution_coverage as is_enough
from candidates
qualify row_number() over (
    partition by need, side
    order by is_enough desc, case when is_enough then choice end, case when is_enough then year end desc,
        known_share desc, choice, year desc
) = 1
