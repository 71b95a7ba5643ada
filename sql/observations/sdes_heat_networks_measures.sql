-- Heat of district heating. What a network delivers or burns can be secret: the sum has no upper bound, and a
-- network counts in the mix only where all of its mix is known.
with
heat as (
    select
        commune_code as source_code,
        year,
        delivered_mwh,
        case when renewable_mwh is not null then production_mwh end as production_mwh,
        case when production_mwh is not null then renewable_mwh end as renewable_mwh
    from (select *, biomass_mwh + geothermal_mwh + waste_mwh as renewable_mwh from sdes_heat_networks)
    where filiere = 'C' and commune_code is not null
),

long as (
    select
        source_code,
        year,
        unnest([
            {measure: 'heat_network_delivery', mwh: delivered_mwh},
            {measure: 'heat_network_production', mwh: production_mwh},
            {measure: 'heat_network_renewable', mwh: renewable_mwh}
        ], recursive := true)
    from heat
)

select
    source_code,
    measure,
    year,
    exact_sum(mwh) as value,
    case when count(mwh) < count(*) then coalesce(exact_sum(mwh), 0) end as low,
    cast(null as double) as high
from long
group by source_code, measure, year
