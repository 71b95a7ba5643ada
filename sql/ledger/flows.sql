-- The ledger: one row per need, provider and dependent. A commuter makes the residence depend on the
-- workplace for a job, and the workplace on the residence for a worker: one count, two needs. What nobody counts
-- is attributed, between EPCI.
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
),

-- Kilometres of a year to work and back, for those who go there every day.
travelled as (
    select
        *,
        case
            when source_id = 'insee_commuting' and distance_km <= $daily_commute_km
                then people * 2 * $commuting_trips_per_week * $commuting_weeks * distance_km
        end as commuting_km
    from located
)

select
    need_catalogue.function,
    need_catalogue.need,
    case need_catalogue.row_side when 'dependent' then other_code else residence_code end as provider_code,
    case need_catalogue.row_side when 'dependent' then residence_code else other_code end as dependent_code,
    travelled.people as quantity,
    need_catalogue.unit,
    travelled.year,
    'observed' as evidence,
    'census' as method,
    travelled.unit_weight,
    travelled.low,
    travelled.high,
    travelled.distance_km,
    round(travelled.commuting_km * factors.full_kg_per_km, 1) as ghg_kgco2e,
    round(travelled.commuting_km * factors.ttw_kg_per_km, 1) as ghg_ttw_kgco2e,
    'commune' as grain,
    travelled.source_id
from travelled
inner join need_catalogue using (source_id)
left join commute_factors as factors on travelled.residence_code = factors.commune_code
union all
select
    need_catalogue.function,
    attributed.need,
    attributed.provider_code,
    attributed.dependent_code,
    attributed.quantity,
    need_catalogue.unit,
    attributed.year,
    'modelled',
    'gravity',
    null,
    attributed.low,
    attributed.high,
    attributed.distance_km,
    attributed.ghg_kgco2e,
    attributed.ghg_ttw_kgco2e,
    'epci',
    attributed.source_id
from attributed_flows as attributed
inner join need_catalogue using (need)
