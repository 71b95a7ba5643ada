select
    count(distinct reported.source_code)::double as observed,
    0.0 as expected,
    'EPCI of 2018 that are gone and whose communes no source at hand tells: their figures are in no territory ('
        || coalesce(array_to_string(list_sort(list_distinct(list(reported.source_code)))[:5], ' '), 'none')
        || ')' as message
from reported_measures as reported
inner join sources on reported.source_id = sources.source_id and sources.grain = 'epci'
where reported.source_code not in (select epci_code from epci_of_2018)
