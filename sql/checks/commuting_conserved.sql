select
    (select coalesce(exact_sum(workers), 0) from commuting) as observed,
    exact_sum(workers) as expected,
    'workers in the flows between communes of the reference year, against those of the file' as message
from insee_commuting
having count(*) > 0
