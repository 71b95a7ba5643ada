-- The node each place joins at each level: its territory; or itself, where it belongs to none.
with
places as (
    select 'commune' as level, commune_code as place_code from communes
    union all
    select level, code from foreign_places
)

select
    level_catalogue.level,
    places.place_code,
    case when member.code is null then places.level else level_catalogue.level end as node_level,
    coalesce(member.code, places.place_code) as node_code
from level_catalogue
cross join places
left join territory_members as member
    on level_catalogue.level = member.level and places.place_code = member.commune_code
where level_catalogue.kind = 'partition'
