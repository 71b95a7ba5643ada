-- The nodes of the network of each level, numbered: its territories; a place that belongs to none of them
-- stands for itself. Around perimeters, which may overlap, the rest of the world is made of EPCI.
with
places as (
    select 'commune' as level, commune_code as code from communes
    union all
    select level, code from foreign_places
),

outside as (
    select
        level_catalogue.level,
        places.level as node_level,
        places.code as node_code
    from level_catalogue
    cross join places
    left join territory_members as member
        on member.level = case level_catalogue.kind when 'partition' then level_catalogue.level else 'epci' end
        and places.code = member.commune_code
    where member.code is null
),

inside as (
    select distinct level, level as node_level, code as node_code from territory_members
    union all
    select distinct level_catalogue.level, 'epci', member.code
    from level_catalogue
    inner join territory_members as member on member.level = 'epci'
    where level_catalogue.kind = 'perimeter'
)

select
    row_number() over (order by level, node_level, node_code) as node_id,
    level,
    node_level,
    node_code
from (select * from inside union all select * from outside)
