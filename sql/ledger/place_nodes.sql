-- The node that a place (commune, foreign commune, unknown place) joins at each level, the inside of
-- perimeters left out: a place may be in several.
with
places as (
    select 'commune' as level, commune_code as code from communes
    union all
    select level, code from foreign_places
)

select
    places.code as place_code,
    nodes.level,
    nodes.node_id
from places
cross join level_catalogue
left join territory_members as member
    on member.level = case level_catalogue.kind when 'partition' then level_catalogue.level else 'epci' end
    and places.code = member.commune_code
inner join nodes
    on level_catalogue.level = nodes.level
    and nodes.node_level = coalesce(member.level, places.level)
    and nodes.node_code = coalesce(member.code, places.code)
