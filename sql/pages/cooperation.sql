-- Territories within reach whose surpluses and deficits complement each other best, read from either end.
with
ends as (
    select
        level, code_a as code, level_b as partner_level, code_b as partner_code, name_b as partner_name, distance_km,
        a_gives as given, b_gives as taken, score, evidence
    from cooperation
    union all
    select level_b, code_b, level, code_a, name_a, distance_km, b_gives, a_gives, score, evidence
    from cooperation
    where level_b = level
)
select *
from ends
qualify row_number() over (partition by level, code order by score desc, partner_code) <= $partners
order by level, code, score desc, partner_code
