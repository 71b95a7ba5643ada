with
codes as (
    select distinct
        reported.source_code,
        member.epci_code is null as is_lost
    from reported_measures as reported
    inner join sources on reported.source_id = sources.source_id and sources.grain = 'epci'
    left join epci_of_2018 as member on reported.source_code = member.epci_code
    where reported.value > 0
)

select
    count(*) filter (where is_lost) / count(*) as observed,
    0.0 as expected,
    count(*) filter (where is_lost) || ' EPCI of 2018 are gone, and no source at hand tells their communes: '
        || coalesce(string_agg(source_code, ', ' order by source_code) filter (where is_lost), 'none')
        || '; their figures are in no territory' as message
from codes
having count(*) > 0
