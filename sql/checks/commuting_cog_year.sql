select
    count(*)::double as observed,
    0.0 as expected,
    'commune codes of the file that were not alive in its declared COG year ('
        || coalesce(string_agg(code, ' ' order by code), 'none')
        || '); they were placed from another year' as message
from (
    select distinct end_of_flow.code
    from (
        select residence_code as code from insee_commuting
        union
        select workplace_code from insee_commuting
    ) as end_of_flow
    inner join commune_passage on end_of_flow.code = commune_passage.source_code
    inner join sources on sources.source_id = 'insee_commuting' and commune_passage.cog_year = sources.cog_year
    where commune_passage.passage in ('other_year', 'unmapped')
)
having (select count(*) from insee_commuting) > 0
