-- What sources say of the EPCI of 2018, shared out among their communes by area: a model below the EPCI.
select
    member.commune_code,
    reported.measure,
    reported.year,
    exact_sum(reported.value * member.area_share) as value,
    'modelled' as evidence,
    reported.source_id
from reported_measures as reported
inner join sources on reported.source_id = sources.source_id and sources.grain = 'epci'
inner join epci_of_2018 as member on reported.source_code = member.epci_code
where reported.value is not null
group by member.commune_code, reported.measure, reported.year, reported.source_id
