select
    max(abs(total - 1)) as observed,
    0.0 as expected,
    'largest gap of the sum of shares of a territory to one' as message
from (select sum(share) as total from dependencies group by level, code, need, direction)
having count(*) > 0
