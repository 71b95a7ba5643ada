-- Population, jobs and dwellings of the whole country. The file holds Paris, Lyon and Marseille as communes too:
-- their arrondissements are left out.
with
base as (
    select
        commune_code as source_code,
        population,
        jobs_at_workplace,
        active_15_64 - unemployed_15_64 as employed_residents_15_64,
        dwellings,
        main_homes,
        second_homes,
        vacant_homes
    from insee_comparateur
    where not is_arrondissement(commune_code)
)

select
    long.source_code,
    long.measure,
    sources.year,
    long.value,
    cast(null as double) as low,
    cast(null as double) as high
from (unpivot base on columns(* exclude (source_code)) into name measure value value) as long
inner join sources on sources.source_id = 'insee_comparateur'
