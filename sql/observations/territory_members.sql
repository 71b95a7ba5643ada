-- Communes of each territory: zones and contracts of an earlier year are brought to the reference year.
with
-- A zone of the file's year. When communes of two zones have merged, the new commune follows the one
-- that kept its code (the chef-lieu), else the lowest code.
zones as (
    select
        zone.level,
        passage.commune_code,
        arg_min(zone.code, (passage.source_code != passage.commune_code, passage.source_code)) as code
    from (
        unpivot (select commune_code, zone_emploi_code, bassin_vie_code, aav_code from insee_zonings)
        on zone_emploi_code as 'zone_emploi', bassin_vie_code as 'bassin_vie', aav_code as 'aav'
        into name level value code
    ) as zone
    inner join commune_passage as passage on zone.commune_code = passage.source_code
    inner join sources on sources.source_id = 'insee_zonings' and passage.cog_year = sources.cog_year
    where passage.commune_code is not null
    group by zone.level, passage.commune_code
),

-- Perimeters that may overlap: a commune that has merged since brings its successor in.
drawn as (
    select distinct
        perimeter.level,
        perimeter.code,
        passage.commune_code
    from perimeters as perimeter
    inner join sources using (source_id)
    inner join commune_passage as passage
        on perimeter.source_code = passage.source_code and sources.cog_year = passage.cog_year
    where passage.commune_code is not null
),

-- A user's perimeter may name communes that no longer exist: each stands for its successors.
of_users as (
    select distinct
        'custom' as level,
        user_perimeters.code,
        passage.commune_code
    from user_perimeters
    inner join commune_passage as passage using (source_code)
    where passage.cog_year = $cog_year and passage.commune_code is not null
)

select 'commune' as level, commune_code as code, commune_code from communes
union all
select 'epci', epci_code, commune_code from communes where epci_code is not null
union all
select 'departement', departement_code, commune_code from communes
union all
select 'region', region_code, commune_code from communes
union all
select 'country', 'FR', commune_code from communes
union all
select level, code, commune_code from zones
-- Outside every attraction area; in no living area (Mayotte).
where code not in ('000', 'ZZZZZ', 'ZZZZ')
union all
select level, code, commune_code from drawn
union all
select level, code, commune_code from of_users
