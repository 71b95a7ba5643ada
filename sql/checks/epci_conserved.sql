select
    (select coalesce(exact_sum(value), 0) from epci_measures) as observed,
    exact_sum(reported.value) as expected,
    'sum of all measures of EPCI over their communes, against that of the EPCI whose communes are known' as message
from reported_measures as reported
inner join sources on reported.source_id = sources.source_id and sources.grain = 'epci'
where reported.source_code in (select epci_code from epci_of_2018)
having count(*) > 0
