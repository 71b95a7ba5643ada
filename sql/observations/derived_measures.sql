-- What follows from the population: what it needs, by a convention or a national mean that nobody counts, and
-- who lives in a food project, or in a commune under the coastal law.
with
people as (
    select communes.commune_code, communes.population, sources.year
    from communes
    inner join sources on sources.source_id = 'insee_populations'
    where communes.population is not null
),

-- A mean over the whole extent of a source that covers the country, or its mainland: the first that does.
national_means as (
    select
        means.need,
        exact_sum(placed.value) / exact_sum(people.population) as value
    from (
        values
            ('construction_wood_need', 1, 'wood_harvest_timber'),
            ('wood_energy_need', 1, 'wood_harvest_energy'),
            ('permanent_crops_need', 1, 'farmland_permanent_crops'),
            ('permanent_crops_need', 2, 'land_cover_permanent_crops')
    ) as means(need, choice, measure)
    inner join (
        select * from epci_measures union all by name select * from placed_measures
    ) as placed using (measure)
    inner join people using (commune_code)
    inner join sources using (source_id)
    where split_part(sources.extent, ':', 1) in ('france', 'france-metropolitaine')
    group by means.need, means.choice
    qualify row_number() over (partition by means.need order by means.choice) = 1
),

per_head(measure, value, low, high) as (
    values
        ('food_land_need', $food_land, $food_land_low, $food_land_high),
        ('cropland_need', $food_land * (1 - $grass_share), $food_land_low * (1 - $grass_share),
            $food_land_high * (1 - $grass_share)),
        ('cereals_need', $food_land * (1 - $grass_share) - $fruit_vegetables_land,
            $food_land_low * (1 - $grass_share) - $fruit_vegetables_land,
            $food_land_high * (1 - $grass_share) - $fruit_vegetables_land),
        ('fruit_vegetables_need', $fruit_vegetables_land, null, null),
        ('grassland_need', $food_land * $grass_share, $food_land_low * $grass_share, $food_land_high * $grass_share),
        ('aggregates_need', $aggregates, $aggregates_low, $aggregates_high),
        ('drinking_water_need', $domestic_water / $water_network_yield, null, null)
    union all
    select need, value, null, null from national_means
),

-- Communes of a food project, and communes under the coastal law.
named as (
    select 'pat_perimeters' as source_id, commune_code from territory_members where level = 'pat'
    union
    select 'littoral_law', passage.commune_code
    from littoral_law
    inner join sources on sources.source_id = 'littoral_law'
    inner join commune_passage as passage
        on littoral_law.commune_code = passage.source_code and sources.cog_year = passage.cog_year
),

-- Who lives there; nobody elsewhere, where the source knows all of them.
concerned as (
    select
        people.commune_code,
        case extent.source_id when 'littoral_law' then 'coastal_population' else 'pat_population' end as measure,
        sources.year,
        case when named.commune_code is not null then people.population else 0 end as value,
        extent.source_id
    from people
    inner join source_extents as extent
        on people.commune_code = extent.commune_code and extent.as_row
        and extent.source_id in ('littoral_law', 'pat_perimeters')
    inner join sources on extent.source_id = sources.source_id
    left join named on extent.source_id = named.source_id and people.commune_code = named.commune_code
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
select commune_code, measure, year, value, null, null, 'observed', source_id
from concerned
