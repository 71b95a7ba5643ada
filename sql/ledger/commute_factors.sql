-- Greenhouse gases of a kilometre to work, by commune of residence: the modes of its workers, one person a car.
-- Public transport is the train in Île-de-France and a bus elsewhere; whoever rides, walks or stays emits nothing.
with
factors as (
    select
        scope,
        any_value(value) filter (where factor = 'car_vehicle_km') as car,
        any_value(value) filter (where factor = 'city_bus') as bus,
        -- What runs on electricity burns nothing on the way.
        coalesce(any_value(value) filter (where factor = 'suburban_train_idf'), 0) as train
    from emission_factors
    group by scope
),

modes as (
    select
        commune_code,
        any_value(value) filter (where measure = 'commuters_asked') as asked,
        any_value(value) filter (where measure = 'commuters_by_car') as car,
        any_value(value) filter (where measure = 'commuters_by_transit') as transit
    from modal_measures
    group by commune_code
),

by_scope as (
    select
        modes.commune_code,
        factors.scope,
        (modes.car * factors.car
            + modes.transit * case communes.region_code when '11' then factors.train else factors.bus end)
        / nullif(modes.asked, 0) as kg_per_km
    from modes
    inner join communes using (commune_code)
    cross join factors
)

select
    commune_code,
    any_value(kg_per_km) filter (where scope = 'full') as full_kg_per_km,
    any_value(kg_per_km) filter (where scope = 'ttw') as ttw_kg_per_km
from by_scope
where kg_per_km is not null
group by commune_code
