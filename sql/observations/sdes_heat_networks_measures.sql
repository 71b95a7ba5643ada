-- Heat delivered by district heating. What a network delivers can be secret: the sum has no upper bound.
select
    commune_code as source_code,
    'heat_network_delivery' as measure,
    year,
    exact_sum(delivered_mwh) as value,
    case when count(delivered_mwh) < count(*) then coalesce(exact_sum(delivered_mwh), 0) end as low,
    cast(null as double) as high
from sdes_heat_networks
where filiere = 'C' and commune_code is not null
group by commune_code, year
