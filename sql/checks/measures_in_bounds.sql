select
    count(*) filter (where low > value or value > high)::double as observed,
    0.0 as expected,
    'measures outside their own bounds' as message
from measures
