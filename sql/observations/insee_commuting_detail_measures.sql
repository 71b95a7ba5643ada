-- Employed residents by mode of transport, and those who drive a short way. Until the census of 2016 the modes
-- were five: 4 was the car.
with
asked as (
    select
        coalesce(nullif(detail.arrondissement_code, 'ZZZZZ'), detail.commune_code) as residence_code,
        detail.workplace_code,
        detail.mode,
        detail.weight,
        sources.year,
        case when sources.year <= 2016 then '4' else '5' end as car
    from insee_commuting_detail as detail
    inner join sources on sources.source_id = 'insee_commuting_detail'
),

-- Where a code of the file's year now is; a split commune is at the largest of its parts.
placed as (
    select
        passage.source_code,
        arg_max(passage.commune_code, (passage.weight, passage.commune_code)) as commune_code
    from commune_passage as passage
    inner join sources
        on sources.source_id = 'insee_commuting_detail' and passage.cog_year = sources.cog_year
    where passage.commune_code is not null
    group by passage.source_code
),

-- Distances are between communes, and there are far fewer pairs of them than people asked.
pairs as (
    select residence_code, workplace_code, year, mode = car as drives, mode, exact_sum(weight) as people
    from asked
    group by all
),

located as (
    select
        pairs.*,
        $detour_factor * case
            when home.commune_code = work.commune_code then $own_distance_factor * sqrt(home.area_km2)
            when home.landmass = work.landmass
                then great_circle(home.lon, home.lat, work.lon, work.lat, $earth_radius_km)
        end as distance_km
    from pairs
    left join placed as home_place on pairs.residence_code = home_place.source_code
    left join placed as work_place on pairs.workplace_code = work_place.source_code
    left join communes as home on home_place.commune_code = home.commune_code
    left join communes as work on work_place.commune_code = work.commune_code
),

sums as (
    select
        residence_code as source_code,
        year,
        exact_sum(people) as detailed_commuters,
        coalesce(exact_sum_if(people, mode = '1'), 0) as detailed_commuters_none,
        coalesce(exact_sum_if(people, mode = '2'), 0) as detailed_commuters_walk,
        coalesce(exact_sum_if(people, drives), 0) as detailed_commuters_car,
        coalesce(exact_sum_if(people, distance_km is not null), 0) as detailed_commuters_located,
        coalesce(exact_sum_if(people, drives and distance_km <= $short_commute_km), 0) as detailed_car_commuters_short
    from located
    group by residence_code, year
)

select source_code, measure, year, value, cast(null as double) as low, cast(null as double) as high
from (unpivot sums on columns(* exclude (source_code, year)) into name measure value value)
