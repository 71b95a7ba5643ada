-- Pair by pair and need by need: what each provides to the other, whether it counts as a gift, and how far the exchange
-- is even, against chance. Between communes, only pairs of which one gives.
with
pairs as (
    select
        exchanges.*,
        need_catalogue.function,
        need_catalogue.unit,
        coalesce(share_of_b >= $giving_share and (unit != 'person' or a_to_b >= $giving_people), false) as a_is_giver,
        coalesce(share_of_a >= $giving_share and (unit != 'person' or b_to_a >= $giving_people), false) as b_is_giver,
        case when is_known then 2 * least(a_to_b, b_to_a) / nullif(a_to_b + b_to_a, 0) end as reciprocity,
        a.out_factor * b.in_factor as expected_a_to_b,
        b.out_factor * a.in_factor as expected_b_to_a
    from exchanges
    inner join need_catalogue using (need)
    left join reciprocity_factors as a
        on exchanges.level = exchanges.level_b and exchanges.level = a.level and exchanges.need = a.need
        and exchanges.code_a = a.code
    left join reciprocity_factors as b
        on exchanges.level = exchanges.level_b and exchanges.level = b.level and exchanges.need = b.need
        and exchanges.code_b = b.code
),

compared as (
    select
        *,
        case when is_known then
            2 * least(expected_a_to_b, expected_b_to_a) / nullif(expected_a_to_b + expected_b_to_a, 0)
        end as expected_reciprocity
    from pairs
    where level != 'commune' or a_is_giver or b_is_giver
)

select
    compared.level,
    compared.code_a,
    a.name as name_a,
    compared.level_b,
    compared.code_b,
    b.name as name_b,
    compared.function,
    compared.need,
    compared.a_to_b,
    compared.b_to_a,
    compared.unit,
    compared.share_of_a,
    compared.share_of_b,
    compared.a_is_giver,
    compared.b_is_giver,
    compared.reciprocity,
    compared.expected_reciprocity,
    above_chance(compared.reciprocity, compared.expected_reciprocity, $chance_margin) as reciprocity_vs_chance,
    compared.is_known,
    compared.year,
    compared.evidence
from compared
inner join territories as a on compared.level = a.level and compared.code_a = a.code
inner join territories as b on compared.level_b = b.level and compared.code_b = b.code
