-- Need and supply of each place, for the needs of which both are known for enough of the country.
with
sides as (
    select
        side.need,
        side.side,
        side.measure,
        side.year,
        zones.zone_code,
        zones.level,
        known.value
    from attribution_sides as side
    inner join territory_measures as known on side.measure = known.measure and side.year = known.year
    inner join zones on known.level = zones.level and known.code = zones.zone_code
    where known.coverage >= $minimum_coverage and known.value is not null
),

enough as (
    select need from attribution_sides group by need having bool_and(is_enough)
),

sources_of as (
    select measure, year, min(source_id) as source_id from measures group by measure, year
)

select
    need,
    demand.zone_code,
    demand.level,
    -- A plant can take more than it gives; it serves nobody.
    greatest(demand.value, 0) as demand,
    greatest(supply.value, 0) as supply,
    greatest(demand.year, supply.year) as year,
    sources_of.source_id
from enough
inner join (from sides where side = 'demand') as demand using (need)
inner join (from sides where side = 'supply') as supply using (need, zone_code)
inner join sources_of on supply.measure = sources_of.measure and supply.year = sources_of.year
