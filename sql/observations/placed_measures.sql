-- What sources say of communes, brought to the communes of the reference year.
with
passage as (
    select sources.source_id, commune_passage.source_code, commune_passage.commune_code, commune_passage.weight
    from commune_passage
    inner join sources using (cog_year)
    where commune_passage.commune_code is not null and sources.grain = 'commune'
)

select
    passage.commune_code,
    reported.measure,
    reported.year,
    exact_sum(reported.value * passage.weight) as value,
    case when has_bounds(value, low, high) then sum_of_lows(value, low, passage.weight) end as low,
    case when has_bounds(value, low, high) then sum_of_highs(value, low, high, passage.weight) end as high,
    -- A commune that is a part of a split one has a share by population, not a count.
    case when bool_and(passage.weight = 1) then 'observed' else 'modelled' end as evidence,
    reported.source_id
from reported_measures as reported
inner join passage using (source_id, source_code)
group by passage.commune_code, reported.measure, reported.year, reported.source_id
