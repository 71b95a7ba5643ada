with
census as (
    select commune_code as code, population from insee_populations
    union all
    select '97' || commune_number, population from insee_populations_mayotte
)

select
    (select exact_sum(population) from communes) as observed,
    exact_sum(population) as expected,
    'inhabitants of the communes of the reference year, against those of the census files; codes that no year knows: '
    || coalesce(string_agg(code, ' ' order by code) filter (where code not in (
        select commune_passage.source_code
        from commune_passage
        inner join sources using (cog_year)
        where sources.source_id = 'insee_populations' and commune_passage.commune_code is not null
    )), 'none') as message
from census
