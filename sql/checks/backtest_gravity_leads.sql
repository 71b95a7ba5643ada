select
    greatest(0, max(common_part) filter (where model in ('radiation', 'proportional', 'least_cost'))
        - min(common_part) filter (where choice = 'used')) as observed,
    0.0 as expected,
    'by how much another model finds more of the commuters who leave their EPCI than the gravity in use ('
        || round(min(common_part) filter (where choice = 'used'), 3) || ' found)' as message
from backtest
where scope = 'external'
group by area_code
qualify row_number() over (order by observed desc, area_code) = 1
