select
    (select coalesce(exact_sum(people), 0) from census_flows) as observed,
    exact_sum(people) as expected,
    'people in the flows between communes of the reference year, against those of the files' as message
from reported_flows
having count(*) > 0
