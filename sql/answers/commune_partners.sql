-- The main partners of EPCI and perimeters, commune by commune, where flows are counted: those of a notable share of
-- the territory's need (or supply), and the first few in any case. Mirror needs are left out: they turn these round.
with
places as (
    select node_id, level, code
    from nodes
    where network = 'commune'
),

owners as (
    select nodes.node_id, nodes.level, nodes.code
    from nodes
    inner join level_catalogue using (level)
    where nodes.is_seen and (nodes.level = 'epci' or level_catalogue.kind = 'perimeter')
),

members as (
    select owners.node_id as own_id, places.node_id as place_id
    from territory_members as member
    inner join owners using (level, code)
    inner join places on places.level = 'commune' and member.commune_code = places.code
),

-- Between communes, these sums are the flows themselves.
counted as (
    select territory_flows.*
    from territory_flows
    semi join places on territory_flows.provider_id = places.node_id
    where territory_flows.quantity > 0
),

seen as (
    select need, true as is_need, dependent_id as place_id, provider_id as partner_id, quantity,
        sampling_variance
    from counted
    union all
    select need, false, provider_id, dependent_id, quantity, sampling_variance
    from counted
),

partners as (
    select
        own.own_id,
        seen.need,
        seen.is_need,
        seen.partner_id,
        exact_sum(seen.quantity) as quantity,
        exact_sum(seen.sampling_variance) as sampling_variance
    from seen
    inner join members as own using (place_id)
    anti join members as inside on own.own_id = inside.own_id and seen.partner_id = inside.place_id
    group by own.own_id, seen.need, seen.is_need, seen.partner_id
),

-- Only territories whose need (or supply) is known are there. Names come last: millions of partners are ranked.
ranked as (
    select
        partners.*,
        partners.quantity / known.total as share,
        known.year,
        known.evidence,
        row_number() over (
            partition by partners.own_id, partners.need, partners.is_need
            order by partners.quantity desc, partners.partner_id
        ) as rank
    from partners
    inner join (
        select
            owners.node_id as own_id,
            relations.need,
            relations.direction = 'depends_on' as is_need,
            relations.total,
            relations.year,
            relations.evidence
        from relations
        inner join owners using (level, code)
    ) as known using (own_id, need, is_need)
    where partners.partner_id not in (select node_id from places where level = 'unknown')
    qualify share >= $partner_share or rank <= $partners_listed
)

select
    own.level,
    own.code,
    territory.name,
    need_catalogue.function,
    ranked.need,
    case when ranked.is_need then 'depends_on' else 'depended_on_by' end as direction,
    ranked.rank,
    place.level as partner_level,
    place.code as partner_code,
    partner.name as partner_name,
    ranked.quantity,
    ranked.share,
    need_catalogue.unit,
    ranked.year,
    ranked.evidence,
    round(byar_low(ranked.quantity, ranked.sampling_variance / ranked.quantity), 1) as low,
    round(byar_high(ranked.quantity, ranked.sampling_variance / ranked.quantity), 1) as high
from ranked
inner join need_catalogue using (need)
inner join owners as own on ranked.own_id = own.node_id
inner join territories as territory on own.level = territory.level and own.code = territory.code
inner join places as place on ranked.partner_id = place.node_id
inner join territories as partner on place.level = partner.level and place.code = partner.code
