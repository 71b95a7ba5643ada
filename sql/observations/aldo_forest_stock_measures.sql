-- Growth of the forest and removals from it, of EPCI: given by hectare. An EPCI across two régions has a row for
-- each part.
with
base as (
    select
        siren as source_code,
        exact_sum(surface_ha * growth_m3_per_ha) as forest_production,
        exact_sum(surface_ha * removals_m3_per_ha) as forest_removals
    from aldo_forest_stock
    where composition = 'total'
    group by siren
)

select source_code, measure, sources.year, value, cast(null as double) as low, cast(null as double) as high
from (unpivot base on forest_production, forest_removals into name measure value value)
inner join sources on sources.source_id = 'aldo_forest_stock'
