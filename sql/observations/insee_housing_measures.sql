-- Dwellings of communes by occupation. A cube: every dimension that is not asked for is at its total.
select
    geo as source_code,
    case ocs
        when '_T' then 'dwellings'
        when 'DW_MAIN' then 'main_homes'
        when 'DW_SEC_DW_OCC' then 'second_homes'
        when 'DW_VAC' then 'vacant_homes'
    end as measure,
    time_period as year,
    obs_value as value,
    cast(null as double) as low,
    cast(null as double) as high
from insee_housing
where
    geo_object = 'COM'
    and rp_measure = 'DWELLINGS'
    and ocs in ('_T', 'DW_MAIN', 'DW_SEC_DW_OCC', 'DW_VAC')
    and '_T' = all [l_stay, tdw, cars, carpark, nor, tsh, build_end, nrg_src]
    and obs_value is not null
