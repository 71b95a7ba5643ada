select
    (select exact_sum(population) from communes) as observed,
    (select exact_sum(population) from (
        select population from insee_populations
        union all
        select population from insee_populations_mayotte
    )) as expected,
    'inhabitants of the communes of the reference year, against those of the census files' as message
