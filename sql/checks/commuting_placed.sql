select
    coalesce(exact_sum_if(workers, 'XXXXX' in (residence_code, workplace_code)), 0) as observed,
    0.0 as expected,
    'workers with an end that no year of the COG knows, kept under the code XXXXX ('
    || coalesce((
        select string_agg(code, ' ' order by code)
        from (
            select distinct code
            from (
                select residence_code as code from insee_commuting
                union
                select workplace_code from insee_commuting where is_french_code(workplace_code)
            ) as named
            where code not in (
                select commune_passage.source_code
                from commune_passage
                inner join sources using (cog_year)
                where sources.source_id = 'insee_commuting' and commune_passage.commune_code is not null
            )
            limit 20
        )
    ), 'none') || ')' as message
from commuting
having count(*) > 0
