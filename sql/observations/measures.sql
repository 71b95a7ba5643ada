-- All measures by commune, those that a source's silence says are zero included.
with
geography as (
    select
        communes.commune_code,
        'population' as measure,
        sources.year,
        communes.population as value,
        'observed' as evidence,
        'insee_populations' as source_id
    from communes
    inner join sources on sources.source_id = 'insee_populations'
    where communes.population is not null
    union all
    select
        communes.commune_code,
        'area',
        sources.year,
        communes.area_km2,
        -- Shapes are simplified: an area measured on them is an estimate.
        case communes.area_source_id when 'insee_comparateur' then 'observed' else 'modelled' end,
        communes.area_source_id
    from communes
    inner join sources on communes.area_source_id = sources.source_id
),

every_placed as (
    select * from placed_measures
    union all by name
    select * from point_measures
),

zeros as (
    select
        extent.commune_code,
        said.measure,
        said.year,
        0 as value,
        -- A source that lists what is above a threshold leaves less than that unsaid.
        case when said.absent_at_most is not null then 0 end as low,
        said.absent_at_most as high,
        case when said.absent_at_most is null then 'observed' else 'assumed' end as evidence,
        said.source_id
    from (
        select years.source_id, years.year, source_measures.measure, measure_catalogue.absent_at_most
        from (select distinct source_id, year from every_placed) as years
        inner join source_measures using (source_id)
        inner join measure_catalogue using (measure)
        where measure_catalogue.absent = 'zero'
    ) as said
    inner join source_extents as extent on said.source_id = extent.source_id and extent.as_row
    left join every_placed as placed
        on extent.commune_code = placed.commune_code and said.measure = placed.measure and said.year = placed.year
    where placed.commune_code is null
)

select
    every.commune_code,
    every.measure,
    every.year,
    every.value,
    every.low,
    every.high,
    measure_catalogue.unit,
    every.evidence,
    every.source_id
from (
    select * from every_placed
    union all by name
    select * from zeros
    union all by name
    select * from geography
    union all by name
    select * from flow_measures
    union all by name
    select * from modal_measures
    union all by name
    select * from epci_measures
    union all by name
    select * from derived_measures
) as every
inner join measure_catalogue using (measure)
