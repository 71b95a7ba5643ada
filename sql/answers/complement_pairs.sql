-- Surpluses within reach of a deficit: near enough by road, and in the same or neighbouring départements or in one
-- employment or attraction area. No road crosses the sea; a perimeter is compared with the EPCI around it.
with
latest as (
    select level, code, need, demand, local_supply, year, evidence
    from balances
    where local_supply is not null and demand is not null
    qualify row_number() over (partition by level, code, need order by year desc) = 1
),

places as (
    select
        member.level,
        member.code,
        any_value(territories.lon) as lon,
        any_value(territories.lat) as lat,
        any_value(territories.departement_code) as departement_code,
        min(communes.landmass) as landmass
    from territory_members as member
    inner join communes using (commune_code)
    inner join level_catalogue using (level)
    inner join territories on member.level = territories.level and member.code = territories.code
    where (member.level = 'epci' or level_catalogue.kind = 'perimeter') and territories.lon is not null
    group by member.level, member.code
),

-- What two places have in common.
areas as (
    select distinct member.level, member.code, area.level as area_level, area.code as area_code
    from territory_members as member
    inner join territory_members as area using (commune_code)
    inner join places on member.level = places.level and member.code = places.code
    where area.level in ('zone_emploi', 'aav', 'epci')
),

shared as (
    select
        a.level as level_a,
        a.code as code_a,
        b.code as code_b,
        bool_or(a.area_level = 'epci') as is_overlapping
    from areas as a
    inner join areas as b on a.area_level = b.area_level and a.area_code = b.area_code
    where b.level = 'epci' and not (a.level = 'epci' and a.code = b.code)
    group by a.level, a.code, b.code
),

neighbours as (
    select departement_code, neighbour_code from departement_neighbours
    union all
    select distinct departement_code, departement_code from communes
),

-- Materialized, so that pairs are made once: a degree of latitude is 111 km.
close as materialized (
    select
        a.level as level_a,
        a.code as code_a,
        a.departement_code as departement_a,
        b.code as code_b,
        b.departement_code as departement_b,
        $detour_factor * great_circle(a.lon, a.lat, b.lon, b.lat, $earth_radius_km) as distance_km
    from places as a
    inner join places as b
        on b.level = 'epci' and a.landmass = b.landmass and not (a.level = b.level and a.code = b.code)
        and abs(a.lat - b.lat) <= (select max(reach_km) from need_catalogue) / 111
    where distance_km <= (select max(reach_km) from need_catalogue)
),

near as (
    select close.level_a, close.code_a, 'epci' as level_b, close.code_b, close.distance_km
    from close
    left join neighbours
        on close.departement_a = neighbours.departement_code and close.departement_b = neighbours.neighbour_code
    left join shared using (level_a, code_a, code_b)
    where
        not coalesce(shared.is_overlapping, false)
        and (neighbours.departement_code is not null or shared.code_b is not null)
),

-- Both ways: between a perimeter and an EPCI, either can be the one that gives.
ways as (
    select level_a as giver_level, code_a as giver_code, level_b as receiver_level, code_b as receiver_code, distance_km
    from near
    union all
    select level_b, code_b, level_a, code_a, distance_km
    from near
    where level_a != 'epci'
)

select
    giver.need,
    ways.giver_level,
    ways.giver_code,
    ways.receiver_level,
    ways.receiver_code,
    giver.local_supply - giver.demand as surplus,
    receiver.demand - receiver.local_supply as deficit,
    round(ways.distance_km, 1) as distance_km,
    greatest(giver.year, receiver.year) as year,
    least(giver.evidence, receiver.evidence) as evidence
from ways
inner join latest as giver on ways.giver_level = giver.level and ways.giver_code = giver.code
inner join latest as receiver
    on ways.receiver_level = receiver.level and ways.receiver_code = receiver.code and giver.need = receiver.need
inner join need_catalogue on giver.need = need_catalogue.need
where
    ways.distance_km <= need_catalogue.reach_km
    and giver.local_supply > giver.demand
    and receiver.demand > receiver.local_supply
