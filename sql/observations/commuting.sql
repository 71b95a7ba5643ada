-- Home-to-work flows between communes of the reference year. A workplace abroad keeps its code; a French
-- code that no year knows becomes the unknown place XXXXX, so that no worker is lost.
with
passage as (
    select commune_passage.*
    from commune_passage
    inner join sources on sources.source_id = 'insee_commuting' and commune_passage.cog_year = sources.cog_year
    where commune_passage.commune_code is not null
),

placed as (
    select
        coalesce(residence.commune_code, 'XXXXX') as residence_code,
        coalesce(
            workplace.commune_code,
            case when is_french_code(flow.workplace_code) then 'XXXXX' else flow.workplace_code end
        ) as workplace_code,
        exact_sum(flow.workers * coalesce(residence.weight, 1) * coalesce(workplace.weight, 1)) as workers
    from insee_commuting as flow
    left join passage as residence on flow.residence_code = residence.source_code
    left join passage as workplace on flow.workplace_code = workplace.source_code
    group by 1, 2
)

select
    placed.residence_code,
    placed.workplace_code,
    placed.workers,
    -- A respondent of a small commune stands for about five people, of a large one for about three.
    $design_effect * (case
        when communes.population >= $small_commune_below then $sampling_weight_large
        when sources.year <= 2014 then $sampling_weight_small_to_2014
        else $sampling_weight_small
    end - 1) as unit_weight,
    sources.year,
    sources.source_id
from placed
inner join sources on sources.source_id = 'insee_commuting'
left join communes on placed.residence_code = communes.commune_code
