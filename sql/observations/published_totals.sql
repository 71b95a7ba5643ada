-- What publishers say themselves of whole territories, to compare our sums with. Their EPCI are those of the
-- source's year.
with
levels(geo_object, level) as (
    values ('COM', 'commune'), ('DEP', 'departement'), ('REG', 'region'), ('EPCI', 'epci'), ('FRANCE', 'country')
),

housing as (
    select
        levels.level,
        case geo when 'F' then 'FR' else geo end as code,
        case ocs
            when '_T' then 'dwellings' when 'DW_MAIN' then 'main_homes'
            when 'DW_SEC_DW_OCC' then 'second_homes' when 'DW_VAC' then 'vacant_homes'
        end as measure,
        time_period as year,
        obs_value as value,
        'insee_housing' as source_id
    from insee_housing
    inner join levels using (geo_object)
    where
        rp_measure = 'DWELLINGS'
        and ocs in ('_T', 'DW_MAIN', 'DW_SEC_DW_OCC', 'DW_VAC')
        and '_T' = all [l_stay, tdw, cars, carpark, nor, tsh, build_end, nrg_src]
),

tourism as (
    select
        levels.level,
        case geo when 'F' then 'FR' else geo end as code,
        case activity when 'I551' then 'hotel_rooms' when 'I553' then 'camping_pitches' else 'other_tourist_beds' end
            as measure,
        time_period as year,
        obs_value as value,
        'insee_tourism_capacity' as source_id
    from insee_tourism_capacity
    inner join levels using (geo_object)
    where
        (activity, tour_measure) in (('I551', 'PLACE'), ('I553', 'PLACE'), ('I552', 'BEDPLACE'))
        and unit_loc_ranking = '_T'
        and l_stay = '_T'
),

-- ALDO's rows FRANCE, both species together: their names are swapped.
wood as (
    select
        'metropolitan_france' as level,
        'FM' as code,
        unnest([
            {measure: 'wood_harvest', value: exact_sum(harvest_m3)},
            {measure: 'wood_harvest_timber', value: exact_sum(sawlogs_m3)},
            {measure: 'wood_harvest_industry', value: exact_sum(industry_wood_m3)},
            {measure: 'wood_harvest_energy', value: exact_sum(fuel_wood_m3)},
            {measure: 'wood_harvest_energy_commercial', value: exact_sum(fuel_wood_sold_m3)},
            {measure: 'wood_harvest_energy_own_use', value: exact_sum(fuel_wood_own_use_m3)}
        ], recursive := true),
        any_value(sources.year) as year,
        'aldo_wood_harvest' as source_id
    from aldo_wood_harvest
    inner join sources on sources.source_id = 'aldo_wood_harvest'
    where siren = 'FRANCE'
    having count(*) > 0
)

select *
from (
    select * from housing
    union all
    select * from tourism
    union all by name
    select * from wood
)
where value is not null
