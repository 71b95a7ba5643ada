select
    coalesce(exact_sum_if(people, 'XXXXX' in (residence_code, other_code)), 0) as observed,
    0.0 as expected,
    'people with an end that no year of the COG knows, kept under the code XXXXX ('
    || coalesce((
        select string_agg(code, ' ' order by code)
        from (
            select distinct named.code
            from (
                select source_id, residence_code as code from reported_flows
                union
                select source_id, other_code from reported_flows where is_french_code(other_code)
            ) as named
            inner join sources using (source_id)
            left join commune_passage as passage
                on sources.cog_year = passage.cog_year and named.code = passage.source_code
                and passage.commune_code is not null
            where passage.commune_code is null
            limit 20
        )
    ), 'none') || ')' as message
from census_flows
having count(*) > 0
