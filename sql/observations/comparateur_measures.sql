-- Jobs at the workplace and employed residents of 15 to 64, for the whole country.
with
base as (
    select
        passage.commune_code,
        passage.weight,
        file.jobs_at_workplace,
        file.active_15_64 - file.unemployed_15_64 as employed_residents_15_64,
        sources.year
    from insee_comparateur as file
    inner join commune_passage as passage on file.commune_code = passage.source_code
    inner join sources
        on sources.source_id = 'insee_comparateur' and passage.cog_year = sources.cog_year
    -- The file holds Paris, Lyon and Marseille as communes too: their arrondissements are left out.
    where passage.passage != 'folded' and passage.commune_code is not null
),

long as (
    unpivot base on jobs_at_workplace, employed_residents_15_64 into name measure value value
)

select
    commune_code,
    measure,
    year,
    exact_sum(value * weight) as value,
    -- A commune that is a part of a split one has a share by population, not a count.
    case when bool_and(weight = 1) then 'observed' else 'modelled' end as evidence,
    'insee_comparateur' as source_id
from long
group by commune_code, measure, year
