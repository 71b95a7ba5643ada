-- Places counted by commune: where they say they are, else where their coordinates are.
with
placed as (
    select points.*, passage.commune_code, passage.weight
    from points
    inner join sources using (source_id)
    inner join commune_passage as passage
        on sources.cog_year = passage.cog_year and points.source_code = passage.source_code
    where passage.commune_code is not null
    union all by name
    select points.*, passage.commune_code, passage.weight
    from points
    inner join located_points using (source_id, point_number)
    inner join sources on sources.source_id = 'etalab_commune_contours'
    inner join commune_passage as passage
        on sources.cog_year = passage.cog_year and located_points.source_code = passage.source_code
    where passage.commune_code is not null
)

select
    commune_code,
    measure,
    year,
    exact_sum(value * weight) as value,
    case when has_bounds(value, null, null) then sum_of_lows(value, null, weight) end as low,
    cast(null as double) as high,
    'observed' as evidence,
    source_id
from placed
group by commune_code, measure, year, source_id
