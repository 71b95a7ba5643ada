-- All measures by commune. A source adds its own table here.
with
every as (
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
    union all by name
    select
        communes.commune_code,
        'area' as measure,
        sources.year,
        communes.area_km2 as value,
        -- Shapes are simplified: an area measured on them is an estimate.
        case communes.area_source_id when 'insee_comparateur' then 'observed' else 'modelled' end as evidence,
        communes.area_source_id as source_id
    from communes
    inner join sources on communes.area_source_id = sources.source_id
    union all by name
    select * from commuting_measures
    union all by name
    select * from comparateur_measures
)

select
    every.commune_code,
    every.measure,
    every.year,
    every.value,
    measure_catalogue.unit,
    every.evidence,
    every.source_id
from every
inner join measure_catalogue using (measure)
