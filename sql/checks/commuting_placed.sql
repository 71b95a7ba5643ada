select
    coalesce(exact_sum_if(workers, 'XXXXX' in (residence_code, workplace_code)), 0) as observed,
    0.0 as expected,
    'workers with an end that no year of the COG knows; they are kept under the code XXXXX' as message
from commuting
having count(*) > 0
