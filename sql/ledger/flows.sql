-- The ledger: one row per need, provider and dependent. A commuter makes the residence depend on the
-- workplace for a job, and the workplace on the residence for a worker: one count, two needs.
with
commuters as (
    select
        commuting.*,
        round(byar_low(commuting.workers, commuting.unit_weight), 1) as low,
        round(byar_high(commuting.workers, commuting.unit_weight), 1) as high,
        round($detour_factor * case
            when commuting.residence_code = commuting.workplace_code
                then $own_distance_factor * sqrt(residence.area_km2)
            -- No road crosses the sea.
            when residence.landmass = workplace.landmass
                then great_circle(residence.lon, residence.lat, workplace.lon, workplace.lat, $earth_radius_km)
        end, 1) as distance_km
    from commuting
    left join communes as residence on commuting.residence_code = residence.commune_code
    left join communes as workplace on commuting.workplace_code = workplace.commune_code
),

ends as (
    select 'jobs' as need, workplace_code as provider_code, residence_code as dependent_code, commuters.*
    from commuters
    union all
    select 'workers', residence_code, workplace_code, commuters.*
    from commuters
)

select
    need_catalogue.function,
    need_catalogue.need,
    ends.provider_code,
    ends.dependent_code,
    ends.workers as quantity,
    need_catalogue.unit,
    ends.year,
    'observed' as evidence,
    'census' as method,
    ends.unit_weight,
    ends.low,
    ends.high,
    ends.distance_km,
    cast(null as double) as ghg_kgco2e,
    'commune' as grain,
    ends.source_id
from ends
inner join need_catalogue using (need)
