-- Reciprocity of a whole network: the part of what flows between territories of a level that is returned, against a
-- network of chance in which each gives and takes as much (Squartini et al. 2013).
with
networks as (
    select
        level,
        need,
        any_value(year) as year,
        min(evidence) as evidence,
        exact_sum(coalesce(a_to_b, 0) + coalesce(b_to_a, 0)) as total,
        2 * exact_sum(least(coalesce(a_to_b, 0), coalesce(b_to_a, 0))) as returned
    from exchanges
    where level = level_b and is_known
    group by level, need
),

-- The least of two products a_i b_j and a_j b_i is that whose ratio a / b is the lesser: with territories in the order
-- of their ratios, each a meets all b that come after.
ordered as (
    select
        level,
        need,
        out_factor,
        coalesce(sum(in_factor) over (
            partition by level, need
            order by out_factor / nullif(in_factor, 0) nulls last, code
            rows between 1 following and unbounded following
        ), 0) as in_factors_after
    from reciprocity_factors
),

expected as (
    select level, need, 2 * sum(out_factor * in_factors_after order by out_factor, in_factors_after) as returned
    from ordered
    group by level, need
),

territories_known as (
    select level, need, count(distinct code) as n_territories
    from (
        select level, need, code_a as code from exchanges where level = level_b and is_known
        union all
        select level, need, code_b from exchanges where level = level_b and is_known
    )
    group by level, need
)

select
    networks.level,
    need_catalogue.function,
    networks.need,
    territories_known.n_territories,
    networks.total,
    need_catalogue.unit,
    networks.returned / networks.total as reciprocity,
    case when expected.returned is not null then least(expected.returned / networks.total, 1) end
        as expected_reciprocity,
    above_chance(reciprocity, expected_reciprocity, $chance_margin) as reciprocity_vs_chance,
    networks.year,
    networks.evidence
from networks
inner join need_catalogue using (need)
inner join territories_known using (level, need)
left join expected using (level, need)
where networks.total > 0
