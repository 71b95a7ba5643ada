-- The nodes of each network, numbered in the order of their codes (equal partners are ranked so): the territories it
-- is made of; the places that belong to none of them and stand for themselves; and in the network of perimeters, the
-- perimeters.
with
inside as (
    select distinct networks.network, member.level, member.code
    from networks
    inner join territory_members as member on networks.made_of = member.level
    union all
    select distinct 'perimeters', member.level, member.code
    from territory_members as member
    inner join level_catalogue using (level)
    where level_catalogue.kind = 'perimeter'
),

outside as (
    select networks.network, places.level, places.code
    from networks
    cross join places
    left join territory_members as member
        on networks.made_of = member.level and places.code = member.commune_code
    where member.code is null
)

select
    row_number() over (order by node.network, node.code, node.level) as node_id,
    node.network,
    node.level,
    node.code,
    -- The network is seen from its territories; the other nodes are only partners.
    coalesce(level_catalogue.kind = 'perimeter' or node.network = node.level::varchar, false) as is_seen
from (select * from inside union all select * from outside) as node
left join level_catalogue using (level)
