-- The terms that the formulas of indicators may name: sums of the flows of a need (`jobs.demand`), how its
-- partners are spread (`jobs.partner_hhi`), sums of measures (`measure.population`), and facts that are no
-- sums (`fact.median_income`).
with
-- The territories whose need (or supply) the source knows.
known as (
    select
        coverage.need,
        coverage.direction,
        nodes.node_id as own_id,
        nodes.level,
        nodes.code,
        coverage.coverage,
        sources.year,
        sources.extent_kind = 'closed' as is_closed
    from need_coverage as coverage
    inner join nodes on coverage.level = nodes.level and coverage.code = nodes.code and nodes.is_seen
    inner join need_catalogue using (need)
    inner join sources on need_catalogue.source_id = sources.source_id
    where
        coverage.coverage >= $minimum_coverage
        and not coverage.is_whole
        and need_catalogue.mirror_of is null
),

seen as (
    select
        flow.*,
        partner.level as partner_level,
        partner.code as partner_code
    from (
        select need, 'depends_on' as direction, dependent_id as own_id, provider_id as partner_id,
            provider_id = dependent_id as is_own, quantity, sampling_variance, located_quantity, quantity_km,
            daily_quantity, ghg_kgco2e, ghg_ttw_kgco2e, evidence
        from territory_flows
        union all
        select need, 'depended_on_by', provider_id, dependent_id, provider_id = dependent_id, quantity,
            sampling_variance, located_quantity, quantity_km, daily_quantity, ghg_kgco2e, ghg_ttw_kgco2e, evidence
        from territory_flows
    ) as flow
    inner join nodes as partner on flow.partner_id = partner.node_id
),

-- A territory without any flow has a need of zero: the source is complete there, and counts nobody.
sums as (
    select
        known.need,
        known.direction,
        known.own_id,
        any_value(known.level) as level,
        any_value(known.code) as code,
        any_value(known.year) as year,
        any_value(known.coverage) as coverage,
        any_value(unit_weights.unit_weight) as own_weight,
        coalesce(min(seen.evidence), 'observed') as evidence,
        coalesce(exact_sum(seen.quantity), 0) as demand,
        coalesce(exact_sum(seen.sampling_variance), 0) as demand_variance,
        coalesce(exact_sum_if(seen.quantity, seen.is_own), 0) as internal,
        coalesce(exact_sum_if(seen.sampling_variance, seen.is_own), 0) as internal_variance,
        coalesce(exact_sum_if(seen.quantity, not seen.is_own), 0) as outside,
        coalesce(exact_sum_if(seen.sampling_variance, not seen.is_own), 0) as outside_variance,
        -- A source of inner pairs only says nothing of those who leave.
        case
            when not any_value(known.is_closed)
                then coalesce(exact_sum_if(seen.quantity, seen.partner_level = 'foreign'), 0)
        end as abroad,
        coalesce(exact_sum_if(seen.sampling_variance, seen.partner_level = 'foreign'), 0) as abroad_variance,
        exact_sum(seen.quantity_km) as distance_total,
        exact_sum(seen.located_quantity) as located,
        exact_sum(seen.daily_quantity) as daily,
        -- Nothing where no way is daily, or where no factor or mode is known.
        case when exact_sum(seen.daily_quantity) > 0 then exact_sum(seen.ghg_kgco2e) end as ghg_full,
        case when exact_sum(seen.daily_quantity) > 0 then exact_sum(seen.ghg_ttw_kgco2e) end as ghg_ttw,
        exact_sum_if(seen.quantity_km, not seen.is_own)
        / nullif(exact_sum_if(seen.located_quantity, not seen.is_own), 0) as mean_distance_km
    from known
    left join seen using (need, direction, own_id)
    left join unit_weights on known.need = unit_weights.need and known.own_id = unit_weights.node_id
    group by known.need, known.direction, known.own_id
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
        count(*) filter (where 2 * partner.before < exact(sums.outside)) as partners_50,
        count(*) filter (where 5 * partner.before < 4 * exact(sums.outside)) as partners_80
    from (
        select
            need, direction, own_id, quantity,
            coalesce(sum(exact(quantity)) over (
                partition by need, direction, own_id
                order by quantity desc, partner_code, partner_id
                rows between unbounded preceding and 1 preceding
            ), 0) as before
        from seen
        where not is_own and partner_level != 'unknown' and quantity > 0
    ) as partner
    inner join sums using (need, direction, own_id)
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
        level, code, year, evidence, coverage, own_weight,
        unnest([
            {term: need_id || '.demand', value: demand, variance: demand_variance},
            {term: need_id || '.internal', value: internal, variance: internal_variance},
            {term: need_id || '.external', value: outside, variance: outside_variance},
            {term: need_id || '.foreign', value: abroad, variance: abroad_variance},
            {term: need_id || '.distance_total', value: distance_total, variance: null},
            {term: need_id || '.located', value: located, variance: null},
            {term: need_id || '.daily', value: daily, variance: null},
            {term: need_id || '.ghg_full', value: ghg_full, variance: null},
            {term: need_id || '.ghg_ttw', value: ghg_ttw, variance: null},
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
    case when variance is null then value else byar_low(value, unit_weight) end as low,
    case when variance is null then value else byar_high(value, unit_weight) end as high,
    variance as sampling_variance,
    year,
    evidence,
    coverage,
    coverage as support
from (
    select *, coalesce(variance / nullif(value, 0), own_weight) as unit_weight
    from long
)
union all
select level, code, 'measure.' || measure, value, low, high, null, year, evidence, coverage, support
from territory_measures
where coverage >= $minimum_coverage
union all
select level, code, 'fact.' || fact, value, value, value, null, year, evidence, coverage, 1
from territory_facts
