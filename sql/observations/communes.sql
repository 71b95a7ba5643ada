-- The communes of the reference year, with what other sources know of them on their own codes.
with
reference as (
    select commune_code, name, departement_code, region_code
    from insee_cog_communes
    where commune_type = 'COM'
),

-- Census: Paris, Lyon and Marseille come by arrondissement, Mayotte in a file apart.
census as (
    select commune_code as source_code, population from insee_populations
    union all
    select '97' || commune_number, population from insee_populations_mayotte
),

populations as (
    select
        passage.commune_code,
        exact_sum(census.population * passage.weight) as population
    from census
    inner join commune_passage as passage using (source_code)
    inner join sources
        on sources.source_id = 'insee_populations' and passage.cog_year = sources.cog_year
    where passage.commune_code is not null
    group by passage.commune_code
),

memberships as (
    select
        passage.commune_code,
        arg_min(dgcl_epci.epci_code, (passage.source_code != passage.commune_code, passage.source_code)) as epci_code
    from dgcl_epci
    inner join commune_passage as passage on dgcl_epci.commune_code = passage.source_code
    inner join sources
        on sources.source_id = 'dgcl_epci' and passage.cog_year = sources.cog_year
    where passage.commune_code is not null
    group by passage.commune_code
),

-- Official areas; arrondissements are left out, as their commune is there too.
official_areas as (
    select
        passage.commune_code,
        exact_sum(base.area_km2 * passage.weight) as area_km2
    from insee_comparateur as base
    inner join commune_passage as passage on base.commune_code = passage.source_code
    inner join sources
        on sources.source_id = 'insee_comparateur' and passage.cog_year = sources.cog_year
    where passage.passage != 'folded' and passage.commune_code is not null
    group by passage.commune_code
    having count(base.area_km2) = count(*)
),

-- A merged commune has the centre of its parts, weighted by area; a split one, that of the whole.
shapes as (
    select
        passage.commune_code,
        exact_sum(shape.area_km2 * passage.weight) as area_km2,
        exact_sum(shape.lon * shape.heft * passage.weight) / exact_sum(shape.heft * passage.weight) as lon,
        exact_sum(shape.lat * shape.heft * passage.weight) / exact_sum(shape.heft * passage.weight) as lat
    -- Simplified, the smallest communes have no area left; they still have a centre.
    from (select *, greatest(area_km2, 0.1) as heft from commune_shapes) as shape
    inner join commune_passage as passage using (source_code)
    inner join sources
        on sources.source_id = 'etalab_commune_contours' and passage.cog_year = sources.cog_year
    where passage.passage != 'folded' and passage.commune_code is not null
    group by passage.commune_code
)

select
    reference.commune_code,
    reference.name,
    reference.departement_code,
    reference.region_code,
    memberships.epci_code,
    populations.population,
    round(coalesce(official_areas.area_km2, shapes.area_km2), 4) as area_km2,
    case
        when official_areas.area_km2 is not null then 'insee_comparateur'
        when shapes.area_km2 is not null then 'etalab_commune_contours'
    end as area_source_id,
    round(shapes.lon, 5) as lon,
    round(shapes.lat, 5) as lat,
    case
        when reference.departement_code in ('2A', '2B') then 'corse'
        when reference.departement_code like '97%' then reference.departement_code
        else 'mainland'
    end as landmass
from reference
left join memberships using (commune_code)
left join populations using (commune_code)
left join official_areas using (commune_code)
left join shapes using (commune_code)
