with
unplaced as (
    select reported.source_id, reported.source_code
    from reported_measures as reported
    inner join sources on reported.source_id = sources.source_id and sources.grain = 'commune'
    left join commune_passage as passage
        on sources.cog_year = passage.cog_year and reported.source_code = passage.source_code
        and passage.commune_code is not null
    where passage.source_code is null
)

select
    count(distinct (source_id, source_code))::double as observed,
    0.0 as expected,
    'codes that lead to no commune of the reference year, left out: ' || coalesce((
        select string_agg(source_id || ' ' || codes, '; ' order by source_id)
        from (
            select source_id, count(distinct source_code)::varchar || ' ('
                || array_to_string(list_sort(list_distinct(list(source_code)))[:5], ' ') || ')' as codes
            from unplaced
            group by source_id
        )
    ), 'none') as message
from unplaced
