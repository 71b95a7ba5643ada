select
    (select coalesce(exact_sum(value), 0) from placed_measures) as observed,
    exact_sum(reported.value) as expected,
    'sum of all measures on the reference communes, against that of the codes that lead to one' as message
from reported_measures as reported
inner join sources on reported.source_id = sources.source_id and sources.grain = 'commune'
where exists (
    select *
    from commune_passage as passage
    where
        passage.cog_year = sources.cog_year and passage.source_code = reported.source_code
        and passage.commune_code is not null
)
having count(*) > 0
