-- The places between which needs are attributed: EPCI, and the communes that belong to none. No road crosses the
-- sea: a place trades with those of its landmass, and with the rest of the world.
select
    coalesce(communes.epci_code, communes.commune_code) as zone_code,
    any_value(territories.level) as level,
    min(communes.landmass) as landmass,
    any_value(territories.lon) as lon,
    any_value(territories.lat) as lat,
    any_value(territories.area_km2) as area_km2,
    coalesce(exact_sum(communes.population), 0) as population
from communes
inner join territories
    on territories.level = case when communes.epci_code is null then 'commune' else 'epci' end
    and territories.code = coalesce(communes.epci_code, communes.commune_code)
group by zone_code
