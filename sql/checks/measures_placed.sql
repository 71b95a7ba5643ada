with
codes as (
    select distinct
        reported.source_id,
        reported.source_code,
        passage.source_code is null as is_lost
    from reported_measures as reported
    inner join sources on reported.source_id = sources.source_id and sources.grain = 'commune'
    left join commune_passage as passage
        on sources.cog_year = passage.cog_year and reported.source_code = passage.source_code
        and passage.commune_code is not null
)

select
    count(*) filter (where is_lost) / count(*) as observed,
    0.0 as expected,
    count(*) filter (where is_lost) || ' codes of sources lead to no commune of the reference year, and are left out: '
        || coalesce((
            select string_agg(source_id || ' ' || source_code, ', ' order by source_id, source_code)
            from (select * from codes where is_lost order by source_id, source_code limit 20)
        ), 'none') as message
from codes
having count(*) > 0
