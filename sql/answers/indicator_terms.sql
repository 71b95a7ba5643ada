-- The terms that the formulas of indicators may name: sums of the flows of a need (`jobs.demand`), how its
-- partners are spread (`jobs.partner_hhi`), and sums of measures (`measure.population`).
with
known_flows as (
    select
        seen.*,
        nodes.level,
        nodes.code,
        partner.level as partner_level,
        coverage.coverage,
        sources.extent_kind = 'closed' as closed
    from (
        select need, dependent_id as own_id, 'depends_on' as direction, provider_id as partner_id,
            provider_id = dependent_id as is_own, quantity, sampling_variance, located_quantity, quantity_km,
            year, evidence
        from territory_flows
        union all
        select need, provider_id, 'depended_on_by', dependent_id, provider_id = dependent_id, quantity,
            sampling_variance, located_quantity, quantity_km, year, evidence
        from territory_flows
    ) as seen
    inner join nodes on seen.own_id = nodes.node_id
    inner join nodes as partner on seen.partner_id = partner.node_id
    inner join need_coverage as coverage
        on seen.need = coverage.need and seen.direction = coverage.direction
        and nodes.level = coverage.level and nodes.code = coverage.code and nodes.is_seen
    inner join need_catalogue on seen.need = need_catalogue.need
    inner join sources on need_catalogue.source_id = sources.source_id
    where coverage.coverage >= $minimum_coverage
),

sums as (
    select
        need,
        own_id,
        direction,
        any_value(level) as level,
        any_value(code) as code,
        any_value(year) as year,
        min(evidence) as evidence,
        any_value(coverage) as coverage,
        exact_sum(quantity) as demand,
        exact_sum(sampling_variance) as demand_variance,
        coalesce(exact_sum_if(quantity, is_own), 0) as internal,
        coalesce(exact_sum_if(sampling_variance, is_own), 0) as internal_variance,
        coalesce(exact_sum_if(quantity, not is_own), 0) as outside,
        coalesce(exact_sum_if(sampling_variance, not is_own), 0) as outside_variance,
        -- A source of inner pairs only says nothing of those who leave.
        case
            when not any_value(closed) then coalesce(exact_sum_if(quantity, partner_level = 'foreign'), 0)
        end as abroad,
        coalesce(exact_sum_if(sampling_variance, partner_level = 'foreign'), 0) as abroad_variance,
        exact_sum(quantity_km) as distance_total,
        exact_sum(located_quantity) as located,
        exact_sum_if(quantity_km, not is_own) / nullif(exact_sum_if(located_quantity, not is_own), 0)
            as mean_distance_km
    from known_flows
    group by need, own_id, direction
),

-- Spread over the partners: oneself and the unknown place are not partners.
spreads as (
    select
        partner.need,
        partner.own_id,
        partner.direction,
        exact_sum_of_ratios(pow(partner.quantity / sums.outside, 2)) as hhi,
        -exact_sum_of_ratios(partner.quantity / sums.outside * ln(partner.quantity / sums.outside)) as entropy,
        count(*) as partners,
        -- The smallest number of partners that reach a part of the external need.
        count(*) filter (where partner.before < 0.5 * sums.outside) as partners_50,
        count(*) filter (where partner.before < 0.8 * sums.outside) as partners_80
    from (
        select
            need, own_id, direction, quantity,
            coalesce(sum(exact(quantity)) over (
                partition by need, own_id, direction
                order by quantity desc, partner_id
                rows between unbounded preceding and 1 preceding
            ), 0) as before
        from known_flows
        where not is_own and partner_level != 'unknown' and quantity > 0
    ) as partner
    inner join sums using (need, own_id, direction)
    group by partner.need, partner.own_id, partner.direction
),

joined as (
    select
        sums.*,
        spreads.hhi as partner_hhi,
        coalesce(1 / spreads.hhi, 0) as effective_partners,
        spreads.entropy as partner_entropy,
        case when spreads.partners > 1 then spreads.entropy / ln(spreads.partners) end as partner_evenness,
        coalesce(spreads.partners_50, 0) as partners_50,
        coalesce(spreads.partners_80, 0) as partners_80
    from sums
    left join spreads using (need, own_id, direction)
),

-- A need is what its territory depends on; a mirror need is the other end of the same flows.
of_needs as (
    select need_catalogue.need as need_id, joined.*
    from joined
    inner join need_catalogue
        on joined.need = coalesce(need_catalogue.mirror_of, need_catalogue.need)
        and joined.direction = case when need_catalogue.mirror_of is null then 'depends_on' else 'depended_on_by' end
),

long as (
    select
        level, code, year, evidence, coverage,
        unnest([
            {term: need_id || '.demand', value: demand, variance: demand_variance},
            {term: need_id || '.internal', value: internal, variance: internal_variance},
            {term: need_id || '.external', value: outside, variance: outside_variance},
            {term: need_id || '.foreign', value: abroad, variance: abroad_variance},
            {term: need_id || '.distance_total', value: distance_total, variance: null},
            {term: need_id || '.located', value: located, variance: null},
            {term: need_id || '.mean_distance_km', value: mean_distance_km, variance: null},
            {term: need_id || '.partner_hhi', value: partner_hhi, variance: null},
            {term: need_id || '.effective_partners', value: effective_partners, variance: null},
            {term: need_id || '.partner_entropy', value: partner_entropy, variance: null},
            {term: need_id || '.partner_evenness', value: partner_evenness, variance: null},
            {term: need_id || '.partners_50', value: partners_50, variance: null},
            {term: need_id || '.partners_80', value: partners_80, variance: null}
        ], recursive := true)
    from of_needs
)

select
    level,
    code,
    term,
    value,
    case when variance is not null then byar_low(value, variance / nullif(value, 0)) end as low,
    case when variance is not null then byar_high(value, variance / nullif(value, 0)) end as high,
    variance as sampling_variance,
    year,
    evidence,
    coverage
from long
union all
select level, code, 'measure.' || measure, value, null, null, null, year, evidence, coverage
from territory_measures
where coverage >= $minimum_coverage
