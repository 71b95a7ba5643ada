-- The ledger: one row per need, provider and dependent. A commuter makes the residence depend on the
-- workplace for a job, and the workplace on the residence for a worker: one count, two needs.
with
located as (
    select
        flow.*,
        round(byar_low(flow.people, flow.unit_weight), 1) as low,
        round(byar_high(flow.people, flow.unit_weight), 1) as high,
        round($detour_factor * case
            when flow.residence_code = flow.other_code then $own_distance_factor * sqrt(residence.area_km2)
            -- No road crosses the sea.
            when residence.landmass = other.landmass
                then great_circle(residence.lon, residence.lat, other.lon, other.lat, $earth_radius_km)
        end, 1) as distance_km
    from census_flows as flow
    left join communes as residence on flow.residence_code = residence.commune_code
    left join communes as other on flow.other_code = other.commune_code
)

select
    need_catalogue.function,
    need_catalogue.need,
    case need_catalogue.row_side when 'dependent' then other_code else residence_code end as provider_code,
    case need_catalogue.row_side when 'dependent' then residence_code else other_code end as dependent_code,
    located.people as quantity,
    need_catalogue.unit,
    located.year,
    'observed' as evidence,
    'census' as method,
    located.unit_weight,
    located.low,
    located.high,
    located.distance_km,
    cast(null as double) as ghg_kgco2e,
    'commune' as grain,
    located.source_id
from located
inner join need_catalogue using (source_id)
