-- The flows of people between communes of the reference year. A place abroad keeps its code; a French code
-- that no year knows becomes the unknown place XXXXX, so that nobody is lost.
with
passage as (
    select sources.source_id, commune_passage.*
    from commune_passage
    inner join sources using (cog_year)
    where commune_passage.commune_code is not null
),

placed as (
    select
        flow.source_id,
        coalesce(residence.commune_code, 'XXXXX') as residence_code,
        coalesce(
            other.commune_code,
            case when is_french_code(flow.other_code) then 'XXXXX' else flow.other_code end
        ) as other_code,
        exact_sum(flow.people * coalesce(residence.weight, 1) * coalesce(other.weight, 1)) as people
    from reported_flows as flow
    left join passage as residence
        on flow.source_id = residence.source_id and flow.residence_code = residence.source_code
    left join passage as other on flow.source_id = other.source_id and flow.other_code = other.source_code
    group by 1, 2, 3
)

select
    placed.source_id,
    placed.residence_code,
    placed.other_code,
    placed.people,
    -- A respondent of a small commune stands for about five people, of a large one for about three.
    $design_effect * (case
        when communes.population >= $small_commune_below then $sampling_weight_large
        when sources.year <= 2014 then $sampling_weight_small_to_2014
        else $sampling_weight_small
    end - 1) as unit_weight,
    sources.year
from placed
inner join sources using (source_id)
left join communes on placed.residence_code = communes.commune_code
