-- The main partners of EPCI and perimeters, commune by commune, where flows are counted: those of a notable share of
-- the territory's need (or supply), and the first few in any case. Mirror needs are left out: they turn these round.
with
members as (
    select member.level, member.code, member.commune_code
    from territory_members as member
    inner join level_catalogue using (level)
    where member.level = 'epci' or level_catalogue.kind = 'perimeter'
),

counted as (
    select flows.need, flows.provider_code, flows.dependent_code, flows.quantity, flows.unit_weight, flows.year,
        flows.evidence
    from flows
    inner join need_catalogue using (need)
    where need_catalogue.source_id is not null and need_catalogue.mirror_of is null and flows.quantity > 0
),

seen as (
    select need, 'depends_on' as direction, dependent_code as own_code, provider_code as partner_code, quantity,
        unit_weight, year, evidence
    from counted
    union all
    select need, 'depended_on_by', provider_code, dependent_code, quantity, unit_weight, year, evidence
    from counted
),

partners as (
    select
        own.level,
        own.code,
        seen.need,
        seen.direction,
        seen.partner_code,
        exact_sum(seen.quantity) as quantity,
        exact_sum(seen.quantity * seen.unit_weight) as sampling_variance,
        any_value(seen.year) as year,
        min(seen.evidence) as evidence
    from seen
    inner join members as own on seen.own_code = own.commune_code
    inner join places as partner_place
        on seen.partner_code = partner_place.code and partner_place.level != 'unknown'
    anti join members as inside
        on own.level = inside.level and own.code = inside.code and seen.partner_code = inside.commune_code
    group by own.level, own.code, seen.need, seen.direction, seen.partner_code
),

ranked as (
    select
        partners.*,
        relations.name,
        relations.function,
        relations.unit,
        partners.quantity / relations.total as share,
        row_number() over (
            partition by partners.level, partners.code, partners.need, partners.direction
            order by partners.quantity desc, partners.partner_code
        ) as rank
    from partners
    -- Only territories whose need (or supply) is known are there.
    inner join relations using (level, code, need, direction)
)

select
    ranked.level,
    ranked.code,
    ranked.name,
    ranked.function,
    ranked.need,
    ranked.direction,
    ranked.rank,
    places.level as partner_level,
    ranked.partner_code,
    partner.name as partner_name,
    ranked.quantity,
    ranked.share,
    ranked.unit,
    ranked.year,
    ranked.evidence,
    round(byar_low(ranked.quantity, ranked.sampling_variance / ranked.quantity), 1) as low,
    round(byar_high(ranked.quantity, ranked.sampling_variance / ranked.quantity), 1) as high
from ranked
inner join places on ranked.partner_code = places.code
inner join territories as partner on places.level = partner.level and places.code = partner.code
where ranked.share >= $partner_share or ranked.rank <= $partners_listed
