-- The nodes of each network, numbered. Each level that shares out the communes is a network of its own: its
-- territories, and the places that belong to none of them and stand for themselves. Perimeters, which may
-- overlap, are all in one network: around them, the rest of the world is made of EPCI.
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
),

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
    row_number() over (order by node.network, node.level, node.code) as node_id,
    node.network,
    node.level,
    node.code,
    -- The network is seen from its territories; the other nodes are only partners.
    coalesce(level_catalogue.kind = 'perimeter' or node.network = node.level::varchar, false) as is_seen
from (select * from inside union all select * from outside) as node
left join level_catalogue using (level)
