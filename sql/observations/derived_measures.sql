-- What follows from the population: what it needs, by a convention or a national mean that nobody counts, and
-- who lives in a food project, or in a commune under the coastal law.
with
people as (
    select communes.commune_code, communes.population, sources.year
    from communes
    inner join sources on sources.source_id = 'insee_populations'
    where communes.population is not null
),

per_head(measure, value, low, high) as (
    values
        ('food_land_need', $food_land, $food_land_low, $food_land_high),
        ('cropland_need', $food_land * (1 - $grass_share), $food_land_low * (1 - $grass_share),
            $food_land_high * (1 - $grass_share)),
        ('grassland_need', $food_land * $grass_share, $food_land_low * $grass_share, $food_land_high * $grass_share),
        ('aggregates_need', $aggregates, $aggregates_low, $aggregates_high),
        ('drinking_water_need', $domestic_water / $water_network_yield, null, null)
    union all
    -- A mean over the whole extent of a source that covers the country, or its mainland.
    select
        case placed.measure when 'wood_harvest_timber' then 'construction_wood_need' else 'wood_energy_need' end,
        exact_sum(placed.value) / exact_sum(people.population),
        null,
        null
    from epci_measures as placed
    inner join people using (commune_code)
    inner join sources using (source_id)
    where
        placed.measure in ('wood_harvest_timber', 'wood_harvest_energy')
        and split_part(sources.extent, ':', 1) in ('france', 'france-metropolitaine')
    group by placed.measure
),

-- Who lives in the perimeter of a food project, where all projects are known.
in_food_projects as (
    select
        people.commune_code,
        case when bool_or(member.code is not null) then any_value(people.population) else 0 end as value,
        any_value(sources.year) as year
    from people
    inner join source_extents as extent
        on people.commune_code = extent.commune_code and extent.source_id = 'pat_perimeters' and extent.as_row
    inner join sources on sources.source_id = 'pat_perimeters'
    left join territory_members as member on people.commune_code = member.commune_code and member.level = 'pat'
    group by people.commune_code
),

on_the_coast as (
    select
        people.commune_code,
        case when bool_or(coast.commune_code is not null) then any_value(people.population) else 0 end as value,
        any_value(sources.year) as year
    from people
    inner join source_extents as extent
        on people.commune_code = extent.commune_code and extent.source_id = 'littoral_law' and extent.as_row
    inner join sources on sources.source_id = 'littoral_law'
    left join commune_passage as passage
        on people.commune_code = passage.commune_code and sources.cog_year = passage.cog_year
    left join littoral_law as coast on passage.source_code = coast.commune_code
    group by people.commune_code
)

select
    people.commune_code,
    per_head.measure,
    people.year,
    people.population * per_head.value as value,
    people.population * per_head.low as low,
    people.population * per_head.high as high,
    'assumed' as evidence,
    'insee_populations' as source_id
from people
cross join per_head
union all
select commune_code, 'pat_population', year, value, null, null, 'observed', 'pat_perimeters'
from in_food_projects
union all
select commune_code, 'coastal_population', year, value, null, null, 'observed', 'littoral_law'
from on_the_coast
