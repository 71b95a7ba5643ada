-- With whom each territory exchanges most, over all functions; a pair is kept once, and read from either end.
with
ends as (
    select
        level, code_a as code, level_b as partner_level, code_b as partner_code, name_b as partner_name,
        a_gives as given, b_gives as taken, a_functions as gives, b_functions as takes, basket, evidence
    from baskets
    union all
    select
        level_b, code_b, level, code_a, name_a, b_gives, a_gives, b_functions, a_functions, basket, evidence
    from baskets
    where level_b = level
)
select
    level, code, partner_level, partner_code, partner_name, given, taken, basket, evidence,
    -- First those where each gives, in most functions; then those where one side gives most.
    row_number() over (
        partition by level, code
        order by
            basket in ('reciprocal', 'crossed') desc, least(gives, takes) desc,
            len(coalesce(given, '')) + len(coalesce(taken, '')) desc, partner_code
    ) as place
from ends
qualify place <= $partners
order by level, code, place
