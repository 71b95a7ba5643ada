-- Forest area of EPCI.
select
    siren as source_code,
    'forest_area' as measure,
    sources.year,
    forest_ha as value,
    cast(null as double) as low,
    cast(null as double) as high
from aldo_forest_area
inner join sources on sources.source_id = 'aldo_forest_area'
