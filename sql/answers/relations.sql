-- How the dependence of each territory is spread, a row per need and direction. Oneself and the unknown place are no
-- partners; shares of partners are of what comes from elsewhere. Partners too small to be named stand in one row of
-- attributed flows: what they add to the concentration is known, not how many they are.
with
whole as (
    select
        level,
        code,
        need,
        direction,
        any_value(name) as name,
        any_value(function) as function,
        any_value(unit) as unit,
        any_value(year) as year,
        min(evidence) as evidence,
        min(coverage) as coverage,
        exact_sum(quantity) as total,
        coalesce(exact_sum_if(quantity, rank = 0), 0) as internal,
        coalesce(exact_sum_if(quantity, rank > 0), 0) as external,
        coalesce(exact_sum_if(quantity, partner_level = 'foreign'), 0) as abroad,
        coalesce(exact_sum_if(quantity, partner_level = 'unknown'), 0) as unknown,
        exact_sum_if(quantity * distance_km, rank > 0) as quantity_km,
        coalesce(exact_sum_if(quantity, rank > 0 and distance_km is not null), 0) as located,
        exact_sum(ghg_kgco2e) as ghg_kgco2e,
        exact_sum(ghg_ttw_kgco2e) as ghg_ttw_kgco2e
    from dependencies
    group by level, code, need, direction
),

spread as (
    select
        level,
        code,
        need,
        direction,
        count(*) as partners,
        exact_sum_of_ratios(square(quantity / external)) as hhi,
        -exact_sum_of_ratios(quantity / external * ln(quantity / external)) as entropy,
        exact_sum(quantity) as named,
        count(*) filter (where before < 0.5 * external) as partners_50,
        count(*) filter (where before < 0.8 * external) as partners_80,
        arg_min(partner_code, rank) as dominant_code,
        arg_min(partner_name, rank) as dominant_name,
        arg_min(partner_level, rank) as dominant_level,
        arg_min(share, rank) as dominant_share
    from (
        select
            partner.*,
            whole.external,
            -- What the partners ranked before bring; a millionth, so that rounding adds no partner.
            (partner.cumulative_share - partner.share) * whole.total - whole.internal + 1e-6 * whole.external as before
        from dependencies as partner
        inner join whole using (level, code, need, direction)
        where partner.rank > 0 and partner.quantity > 0 and partner.partner_level not in ('unknown', 'elsewhere')
    )
    group by level, code, need, direction
),

merged as (
    select level, code, need, direction, merged_hhi
    from attributed_partners
    where partner_level = 'elsewhere'
)

select
    whole.level,
    whole.code,
    whole.name,
    whole.function,
    whole.need,
    whole.direction,
    whole.total,
    whole.internal,
    whole.external,
    whole.external / whole.total as external_dependence,
    whole.internal / whole.total as self_containment,
    -- A source of inner pairs only says nothing of those who leave.
    case when sources.extent_kind is distinct from 'closed' then whole.abroad / whole.total end as foreign_share,
    coalesce(spread.partners, 0) as partners,
    -- Of what comes from a known place.
    coalesce(square(1 - whole.unknown / whole.external) / (spread.hhi + coalesce(merged.merged_hhi, 0)), 0)
        as effective_partners,
    spread.hhi + coalesce(merged.merged_hhi, 0) as partner_hhi,
    case when merged.merged_hhi is null then spread.entropy end as partner_entropy,
    -- Of what named partners bring, so that an unknown place leaves a share between 0 and 1.
    case when merged.merged_hhi is null and spread.partners > 1 then
        least(1, (spread.entropy * whole.external / spread.named + ln(spread.named / whole.external))
            / ln(spread.partners))
    end as partner_evenness,
    case
        when whole.external = 0 then 0
        when spread.named >= (0.5 - 1e-9) * whole.external then spread.partners_50
    end as partners_50,
    case
        when whole.external = 0 then 0
        when spread.named >= (0.8 - 1e-9) * whole.external then spread.partners_80
    end as partners_80,
    spread.dominant_code,
    spread.dominant_name,
    spread.dominant_share,
    case when whole.direction = 'depends_on' then theirs.total > ours.total end as is_nodal,
    round(whole.quantity_km / nullif(whole.located, 0), 1) as distance_km,
    case when whole.external > 0 then whole.located / whole.external end as located_share,
    whole.ghg_kgco2e,
    whole.ghg_ttw_kgco2e,
    whole.unit,
    whole.year,
    whole.evidence,
    whole.coverage
from whole
inner join need_catalogue using (need)
left join sources on need_catalogue.source_id = sources.source_id
left join spread using (level, code, need, direction)
left join merged using (level, code, need, direction)
left join whole as ours
    on whole.level = ours.level and whole.code = ours.code and whole.need = ours.need
    and ours.direction = 'depended_on_by'
left join whole as theirs
    on spread.dominant_level = theirs.level and spread.dominant_code = theirs.code and whole.need = theirs.need
    and theirs.direction = 'depended_on_by'
where whole.total > 0
