-- Land cover by class, of EPCI. The island communes (1 to 4) hold the figures of their neighbour: left out.
with
base as (
    select
        siren as source_code,
        exact_sum(surface_ha) as land_cover,
        coalesce(exact_sum_if(surface_ha, clc_code like '1%'), 0) as land_cover_artificial,
        coalesce(exact_sum_if(surface_ha, clc_code like '2%'), 0) as land_cover_agricultural,
        coalesce(exact_sum_if(surface_ha, clc_code like '21%'), 0) as land_cover_arable,
        coalesce(exact_sum_if(surface_ha, clc_code like '22%'), 0) as land_cover_permanent_crops,
        coalesce(exact_sum_if(surface_ha, clc_code like '23%'), 0) as land_cover_pastures,
        coalesce(exact_sum_if(surface_ha, clc_code like '3%'), 0) as land_cover_forest_seminatural,
        coalesce(exact_sum_if(surface_ha, clc_code like '4%'), 0) as land_cover_wetlands,
        coalesce(exact_sum_if(surface_ha, clc_code like '5%'), 0) as land_cover_water,
        coalesce(exact_sum_if(surface_ha, clc_code = '141'), 0) as urban_green_area
    from aldo_land_cover
    where length(siren) > 1
    group by siren
)

select source_code, measure, sources.year, value, cast(null as double) as low, cast(null as double) as high
from (unpivot base on columns(* exclude (source_code)) into name measure value value)
inner join sources on sources.source_id = 'aldo_land_cover'
