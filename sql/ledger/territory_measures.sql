-- Measures summed by territory, with the share of the population they speak for.
with
people as (
    select
        member.level,
        member.code,
        exact_sum(greatest(coalesce(communes.population, 1), 1)) as people
    from territory_members as member
    inner join communes using (commune_code)
    group by member.level, member.code
)

select
    member.level,
    member.code,
    measures.measure,
    measures.year,
    exact_sum(measures.value) as value,
    -- The weakest evidence: assumed, modelled and observed are in the order of the alphabet.
    min(measures.evidence) as evidence,
    exact_sum(greatest(coalesce(communes.population, 1), 1)) / any_value(people.people) as coverage
from measures
inner join territory_members as member using (commune_code)
inner join communes using (commune_code)
inner join people on member.level = people.level and member.code = people.code
group by member.level, member.code, measures.measure, measures.year
