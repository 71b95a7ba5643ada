-- The networks that flows are summed in. Each level that shares out the communes is one of its own;
-- perimeters, which may overlap, are all in one: around them, the rest of the world is made of EPCI.
select distinct
    case kind when 'partition' then level::varchar else 'perimeters' end as network,
    case kind when 'partition' then level else 'epci' end as made_of
from level_catalogue
