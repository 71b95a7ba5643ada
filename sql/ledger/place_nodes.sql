-- The node that a place (commune, foreign commune, unknown place) joins in each network; among perimeters,
-- the one it joins when it lies outside.
with
places as (
    select 'commune' as level, commune_code as code from communes
    union all
    select level, code from foreign_places
),

networks as (
    select distinct
        case kind when 'partition' then level::varchar else 'perimeters' end as network,
        case kind when 'partition' then level else 'epci' end as made_of
    from level_catalogue
)

select
    places.code as place_code,
    networks.network,
    nodes.node_id
from places
cross join networks
left join territory_members as member
    on networks.made_of = member.level and places.code = member.commune_code
inner join nodes
    on networks.network = nodes.network
    and nodes.level = coalesce(member.level, places.level)
    and nodes.code = coalesce(member.code, places.code)
