-- The node that a place joins in each network; among perimeters, the one it joins when it lies outside.
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
