-- Farmland by group of crops, at the commune of the farm's seat. An empty cell is a secret.
with
base as (
    select
        commune_code as source_code,
        farmland_ha as farmland,
        cereals_oilseeds_ha as farmland_cereals_oilseeds,
        grassland_ha as farmland_grassland,
        permanent_crops_ha as farmland_permanent_crops,
        -- Rounding can leave grassland a hectare above the whole. (`greatest` alone would make a secret zero.)
        case when farmland_ha - grassland_ha is not null then greatest(farmland_ha - grassland_ha, 0) end
            as farmland_crops
    from agreste_ra2020
)

select
    long.source_code,
    long.measure,
    sources.year,
    long.value,
    cast(null as double) as low,
    cast(null as double) as high
from (unpivot base on columns(* exclude (source_code)) into name measure value value) as long
inner join sources on sources.source_id = 'agreste_ra2020'
