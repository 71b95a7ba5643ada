-- Measures summed by territory, with the share of the population they speak for, and of the communes. Bounds are
-- those of the sum: equal to it where nothing is hidden, and no upper one where what is hidden is unknown.
with
people as (
    select
        member.level,
        member.code,
        exact_sum(greatest(coalesce(communes.population, 1), 1)) as people,
        count(*) as communes
    from territory_members as member
    inner join communes using (commune_code)
    group by member.level, member.code
),

silent as (
    select member.level, member.code, silent_measures.measure, silent_measures.year, count(*) as communes
    from silent_measures
    inner join territory_members as member using (commune_code)
    group by member.level, member.code, silent_measures.measure, silent_measures.year
),

sums as (
    select
        member.level,
        member.code,
        measures.measure,
        measures.year,
        exact_sum(measures.value) as value,
        sum_of_lows(value, low, 1) as low,
        sum_of_highs(value, low, high, 1) as high,
        coalesce(exact_sum_if(abs(measures.value), measures.evidence != 'observed'), 0) as not_observed,
        coalesce(exact_sum_if(abs(measures.value), measures.evidence = 'assumed'), 0) as assumed,
        coalesce(exact_sum(abs(measures.value)), 0) as total,
        count(*) as communes,
        min(measures.evidence) as weakest,
        coalesce(exact_sum_if(
            greatest(coalesce(communes.population, 1), 1), measures.value is not null
        ), 0) as people_known
    from measures
    inner join territory_members as member using (commune_code)
    inner join communes using (commune_code)
    group by member.level, member.code, measures.measure, measures.year
)

select
    sums.level,
    sums.code,
    sums.measure,
    sums.year,
    sums.value,
    sums.low,
    -- What silent communes hold is unknown: no bound where they are a notable part.
    case when coalesce(silent.communes, 0) < $notable_part * people.communes then sums.high end as high,
    -- The worst evidence that carries a notable part of the value.
    case
        when total = 0 then weakest
        when assumed >= $notable_part * total then 'assumed'
        when not_observed >= $notable_part * total then 'modelled'
        else 'observed'
    end as evidence,
    sums.people_known / people.people as coverage,
    (sums.communes + coalesce(silent.communes, 0)) / people.communes as support
from sums
inner join people on sums.level = people.level and sums.code = people.code
left join silent
    on sums.level = silent.level and sums.code = silent.code
    and sums.measure = silent.measure and sums.year = silent.year
