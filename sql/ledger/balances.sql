-- Demand, local supply and net of each need: of those that flows count, then of those that measures balance.
-- People who live and work in the same place count on both sides, so the interval of the net is that of what
-- goes out and comes in.
with
ends as (
    select need, dependent_id as node_id, provider_id = dependent_id as is_own, 'depends_on' as direction,
        quantity, sampling_variance, year, evidence
    from territory_flows
    union all
    select need, provider_id, provider_id = dependent_id, 'depended_on_by', quantity, sampling_variance, year, evidence
    from territory_flows
),

sides as (
    select
        need,
        node_id,
        direction,
        exact_sum(quantity) as total,
        coalesce(exact_sum_if(quantity, not is_own), 0) as crossing,
        coalesce(exact_sum_if(sampling_variance, not is_own), 0) as crossing_variance,
        any_value(year) as year,
        min(evidence) as evidence
    from ends
    group by need, node_id, direction
),

-- Every territory whose need is known: one without any flow has a need of zero.
known as (
    select
        need_catalogue.need,
        coverage.level,
        coverage.code,
        coverage.direction,
        coverage.coverage,
        coalesce(sides.total, 0) as total,
        coalesce(sides.crossing, 0) as crossing,
        coalesce(sides.crossing_variance / nullif(sides.crossing, 0), unit_weights.unit_weight) as unit_weight,
        sides.year,
        sides.evidence
    from need_catalogue
    inner join need_coverage as coverage using (need)
    inner join nodes
        on coverage.level = nodes.level and coverage.code = nodes.code and nodes.is_seen
    left join sides
        on sides.need = coalesce(need_catalogue.mirror_of, need_catalogue.need)
        and nodes.node_id = sides.node_id
        and sides.direction = case
            when need_catalogue.mirror_of is null then coverage.direction
            when coverage.direction = 'depends_on' then 'depended_on_by'
            else 'depends_on'
        end
    left join unit_weights
        on unit_weights.need = coalesce(need_catalogue.mirror_of, need_catalogue.need)
        and nodes.node_id = unit_weights.node_id
    where coverage.coverage >= $minimum_coverage and not coverage.is_whole
),

-- Both ends side by side; one that is not known stays empty, and the net with it.
balanced as (
    select
        need,
        level,
        code,
        any_value(total) filter (where direction = 'depends_on') as demand,
        any_value(total) filter (where direction = 'depended_on_by') as local_supply,
        any_value(crossing) filter (where direction = 'depends_on') as inflow,
        any_value(crossing) filter (where direction = 'depended_on_by') as outflow,
        any_value(unit_weight) filter (where direction = 'depends_on') as inflow_weight,
        any_value(unit_weight) filter (where direction = 'depended_on_by') as outflow_weight,
        min(coverage) as coverage,
        max(year) as year,
        min(evidence) as evidence
    from known
    group by need, level, code
),

counted as (
    select
        balanced.level,
        balanced.code,
        balanced.need,
        balanced.demand,
        balanced.local_supply,
        coalesce(balanced.year, sources.year) as year,
        coalesce(balanced.year, sources.year)::varchar as years,
        coalesce(balanced.evidence, 'observed') as evidence,
        balanced.coverage,
        round(
            coalesce(byar_low(balanced.outflow, balanced.outflow_weight), 0)
            - coalesce(byar_high(balanced.inflow, balanced.inflow_weight), 0), 1
        ) as low,
        round(
            coalesce(byar_high(balanced.outflow, balanced.outflow_weight), 0)
            - coalesce(byar_low(balanced.inflow, balanced.inflow_weight), 0), 1
        ) as high
    from balanced
    inner join need_catalogue using (need)
    inner join sources on need_catalogue.source_id = sources.source_id
),

-- The latest year that speaks for enough of the territory.
latest as (
    select *
    from territory_measures
    where coverage >= $minimum_coverage
    qualify row_number() over (partition by level, code, measure order by year desc) = 1
),

pairs as (
    select
        demand.level,
        demand.code,
        need_catalogue.need,
        need_catalogue.demand_measure,
        need_catalogue.supply_measure,
        demand.value as demand,
        supply.value as local_supply,
        greatest(demand.year, supply.year) as year,
        array_to_string(list_sort(list_distinct([demand.year, coalesce(supply.year, demand.year)])), '+') as years,
        least(demand.evidence, supply.evidence) as evidence,
        least(demand.coverage, supply.coverage) as coverage,
        supply.low - demand.high as low,
        supply.high - demand.low as high,
        supply.measure is null or least(demand.support, supply.support) = 1 as is_whole
    from need_catalogue
    inner join latest as demand on need_catalogue.demand_measure = demand.measure
    left join latest as supply
        on need_catalogue.supply_measure = supply.measure
        and demand.level = supply.level and demand.code = supply.code
),

-- Where a side does not speak of all communes, both are of those that both speak of: a part of the territory,
-- whose balance says nothing of the bounds of the whole.
measured as (
    select level, code, need, demand, local_supply, year, years, evidence, coverage, low, high
    from pairs
    where is_whole
    union all
    select
        pairs.level,
        pairs.code,
        pairs.need,
        demand.value,
        supply.value,
        pairs.year,
        pairs.years,
        pairs.evidence,
        least(demand.coverage, supply.coverage),
        null,
        null
    from pairs
    inner join shared_sums as demand
        on pairs.need::varchar = demand.formula and pairs.demand_measure = demand.measure
        and pairs.level = demand.level and pairs.code = demand.code and pairs.year = demand.year
    inner join shared_sums as supply
        on pairs.need::varchar = supply.formula and pairs.supply_measure = supply.measure
        and pairs.level = supply.level and pairs.code = supply.code and pairs.year = supply.year
    where not pairs.is_whole and least(demand.coverage, supply.coverage) >= $minimum_coverage
)

select
    every.level,
    every.code,
    need_catalogue.function,
    every.need,
    every.demand,
    every.local_supply,
    every.local_supply - every.demand as net,
    every.local_supply / nullif(every.demand, 0) as self_sufficiency,
    need_catalogue.unit,
    every.year,
    every.years,
    every.evidence,
    every.coverage,
    case when every.local_supply is not null and every.demand is not null then every.low end as low,
    case when every.local_supply is not null and every.demand is not null then every.high end as high
from (select * from counted union all by name select * from measured) as every
inner join need_catalogue using (need)
