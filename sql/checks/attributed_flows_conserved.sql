-- What every place gives, small parts and exports included, is what it makes.
select
    -- Flows are kept with six decimals: under a thousandth, a gap is rounding.
    max(greatest(abs(given.quantity - sides.supply) - 0.001, 0) / greatest(sides.supply, 1)) as observed,
    0.0 as expected,
    'largest relative gap between what a place makes and what it is said to give' as message
from zone_sides as sides
inner join (
    select need, provider_code, exact_sum(quantity) as quantity from attributed_flows group by need, provider_code
) as given
    on sides.need = given.need and sides.zone_code = given.provider_code
having count(*) > 0
