-- Demand, local supply and net of each need. People who live and work in the same place count on both
-- sides, so the interval of the net is that of what goes out and comes in.
with
sides as (
    select
        flow.need,
        flow.level,
        flow.code,
        flow.direction,
        exact_sum(flow.quantity) as total,
        coalesce(exact_sum_if(flow.quantity, not is_own), 0) as crossing,
        coalesce(exact_sum_if(flow.sampling_variance, not is_own), 0) as crossing_variance,
        any_value(flow.year) as year,
        min(flow.evidence) as evidence
    from (
        select *, partner_level = level and partner_code = code as is_own
        from territory_flows
    ) as flow
    group by flow.need, flow.level, flow.code, flow.direction
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
        case when sides.crossing > 0 then sides.crossing_variance / sides.crossing end as unit_weight,
        sides.year,
        sides.evidence
    from need_catalogue
    inner join need_coverage as coverage using (need)
    left join sides
        on sides.need = coalesce(need_catalogue.mirror_of, need_catalogue.need)
        and coverage.level = sides.level and coverage.code = sides.code
        and sides.direction = case
            when need_catalogue.mirror_of is null then coverage.direction
            when coverage.direction = 'depends_on' then 'depended_on_by'
            else 'depends_on'
        end
    where coverage.coverage >= $minimum_coverage
),

-- An end is complete or not: a demand known for one part and a supply for another do not make a balance.
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
        coalesce(min(evidence), 'observed') as evidence
    from known
    group by need, level, code
)

select
    balance.level,
    balance.code,
    need_catalogue.function,
    balance.need,
    balance.demand,
    balance.local_supply,
    balance.local_supply - balance.demand as net,
    balance.local_supply / nullif(balance.demand, 0) as self_sufficiency,
    need_catalogue.unit,
    coalesce(balance.year, sources.year) as year,
    balance.evidence,
    balance.coverage,
    case when balance.net is not null then round(
        coalesce(byar_low(balance.outflow, balance.outflow_weight), 0) - coalesce(byar_high(balance.inflow, balance.inflow_weight), 0), 1
    ) end as low,
    case when balance.net is not null then round(
        coalesce(byar_high(balance.outflow, balance.outflow_weight), 0) - coalesce(byar_low(balance.inflow, balance.inflow_weight), 0), 1
    ) end as high
from (select *, local_supply - demand as net from balanced) as balance
inner join need_catalogue using (need)
inner join sources on need_catalogue.source_id = sources.source_id
