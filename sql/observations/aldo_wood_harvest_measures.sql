-- Wood harvested by use, of EPCI. The rows FRANCE are totals.
with
base as (
    select
        siren as source_code,
        exact_sum(harvest_m3) as wood_harvest,
        exact_sum(sawlogs_m3) as wood_harvest_timber,
        exact_sum(industry_wood_m3) as wood_harvest_industry,
        exact_sum(fuel_wood_m3) as wood_harvest_energy,
        exact_sum(fuel_wood_sold_m3) as wood_harvest_energy_commercial,
        exact_sum(fuel_wood_own_use_m3) as wood_harvest_energy_own_use,
        coalesce(exact_sum_if(harvest_m3, composition = 'coniferes'), 0) as wood_harvest_conifers
    from aldo_wood_harvest
    where siren != 'FRANCE'
    group by siren
)

select source_code, measure, sources.year, value, cast(null as double) as low, cast(null as double) as high
from (unpivot base on columns(* exclude (source_code)) into name measure value value)
inner join sources on sources.source_id = 'aldo_wood_harvest'
