select
    count(*)::double as observed,
    0.0 as expected,
    'commune codes of the files that were not alive in their declared COG year ('
        || coalesce(string_agg(code, ' ' order by code), 'none')
        || '); they were placed from another year' as message
from (
    select distinct end_of_flow.code
    from (
        select source_id, residence_code as code from reported_flows
        union
        select source_id, other_code from reported_flows
    ) as end_of_flow
    inner join sources using (source_id)
    inner join commune_passage
        on end_of_flow.code = commune_passage.source_code and sources.cog_year = commune_passage.cog_year
    where commune_passage.passage in ('other_year', 'unmapped')
)
having (select count(*) from reported_flows) > 0
