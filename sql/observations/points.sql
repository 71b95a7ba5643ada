-- Places on the map that sources list, each with what it counts for. A code that the source's year does not
-- know (a postal code, a mistake) is no code: the coordinates will tell.
with
listed as (
    select
        'bnlc' as source_id,
        'carpool_places' as measure,
        commune_code,
        longitude as lon,
        latitude as lat,
        parking_places as value
    from bnlc
    where is_open is distinct from 'false'
    union all
    select 'odre_biomethane', measure, commune_code, lon, lat, value
    from (
        select
            commune_code,
            try_cast(split_part(coordinates, ',', 2) as double) as lon,
            try_cast(split_part(coordinates, ',', 1) as double) as lat,
            unnest([
                {measure: 'biomethane_sites', value: 1},
                {measure: 'biomethane_capacity', value: 1000 * capacity_gwh_per_year}
            ], recursive := true)
        from odre_biomethane
        where is_open ilike 'true'
    )
    union all
    -- A point that two producers declare is one point, where a code that is known and the first of the
    -- positions put it.
    select
        'irve',
        'charging_points',
        coalesce(min(commune_code) filter (where is_known), min(commune_code)),
        arg_min(lon, (is_pair, lon, lat)),
        arg_min(lat, (is_pair, lon, lat)),
        1
    from (
        select
            coalesce(point_id, station_id) as id,
            commune_code,
            commune_code in (
                select passage.source_code
                from commune_passage as passage
                inner join sources on sources.source_id = 'irve' and passage.cog_year = sources.cog_year
                where passage.commune_code is not null
            ) as is_known,
            -- Columns of their own are surer than the pair in one cell.
            longitude is null as is_pair,
            coalesce(longitude, try_cast(split_part(trim(coordinates, '[]'), ',', 1) as double)) as lon,
            coalesce(latitude, try_cast(split_part(trim(coordinates, '[]'), ',', 2) as double)) as lat
        from irve
    )
    where id is not null
    group by id
),

numbered as (
    select *, row_number() over (partition by source_id order by measure, commune_code, lon, lat, value) as point_number
    from listed
)

select
    numbered.source_id,
    numbered.point_number,
    numbered.measure,
    passage.source_code,
    numbered.lon,
    numbered.lat,
    numbered.value,
    sources.year
from numbered
inner join sources using (source_id)
left join (select distinct cog_year, source_code from commune_passage where commune_code is not null) as passage
    on sources.cog_year = passage.cog_year and numbered.commune_code = passage.source_code
