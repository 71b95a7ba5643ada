-- What every source says of communes, brought to the communes of the reference year. A source adds its own
-- query, and a line here.
with
reported as (
    select 'insee_comparateur' as source_id, * from insee_comparateur_measures
    union all by name
    select 'insee_housing' as source_id, * from insee_housing_measures
    union all by name
    select 'insee_tourism_capacity' as source_id, * from insee_tourism_capacity_measures
    union all by name
    select 'insee_income' as source_id, * from insee_income_measures
    union all by name
    select 'insee_commuting_detail' as source_id, * from insee_commuting_detail_measures
    union all by name
    select 'agreste_ra2020' as source_id, * from agreste_ra2020_measures
    union all by name
    select 'agence_bio' as source_id, * from agence_bio_measures
    union all by name
    select 'bnpe_withdrawals' as source_id, * from bnpe_withdrawals_measures
    union all by name
    select 'bnac_cycling' as source_id, * from bnac_cycling_measures
    union all by name
    select 'rpc_carpool' as source_id, * from rpc_carpool_measures
),

-- To which commune each code goes, and how much of it.
passage as (
    select sources.source_id, commune_passage.source_code, commune_passage.commune_code, commune_passage.weight
    from commune_passage
    inner join sources using (cog_year)
    where commune_passage.commune_code is not null
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
from reported
inner join passage using (source_id, source_code)
group by passage.commune_code, reported.measure, reported.year, reported.source_id
