-- The partners of each territory, ranked: on whom it depends, and who depends on it. Rank 0 is the part it
-- meets itself. Only territories whose need (or supply) is known are here.
with
-- The same flow as each of its two ends sees it.
seen as (
    select need, dependent_id as own_id, true as is_need, provider_id as partner_id, quantity,
        sampling_variance / quantity as unit_weight, located_quantity, quantity_km, daily_quantity, ghg_kgco2e,
        ghg_ttw_kgco2e, year, evidence
    from territory_flows
    where quantity > 0
    union all
    select need, provider_id, false, dependent_id, quantity, sampling_variance / quantity,
        located_quantity, quantity_km, daily_quantity, ghg_kgco2e, ghg_ttw_kgco2e, year, evidence
    from territory_flows
    where quantity > 0
),

known as (
    select
        nodes.node_id as own_id,
        nodes.level,
        coverage.code,
        coverage.need,
        coverage.direction = 'depends_on' as is_need,
        coverage.coverage
    from need_coverage as coverage
    inner join nodes
        on coverage.level = nodes.level and coverage.code = nodes.code and nodes.is_seen
    where coverage.coverage >= $minimum_coverage and not coverage.is_whole
),

-- A territory that meets nothing of its need itself says so: nobody was counted, not nobody for sure.
without_own as (
    select whole.need, whole.own_id, whole.is_need, whole.own_id as partner_id, 0 as quantity,
        unit_weights.unit_weight, 0 as located_quantity, 0 as quantity_km, 0 as daily_quantity,
        0 as ghg_kgco2e, 0 as ghg_ttw_kgco2e, whole.year, whole.evidence
    from (
        select need, own_id, is_need, any_value(year) as year, min(evidence) as evidence
        from seen
        group by need, own_id, is_need
        having not bool_or(own_id = partner_id)
    ) as whole
    left join unit_weights on whole.need = unit_weights.need and whole.own_id = unit_weights.node_id
),

counted as (
    select
        seen.* exclude (unit_weight),
        round(byar_low(seen.quantity, seen.unit_weight), 1) as low,
        round(byar_high(seen.quantity, seen.unit_weight), 1) as high,
        known.coverage
    from (select * from seen union all select * from without_own) as seen
    inner join known using (need, own_id, is_need)
),

-- Share of each territory's people who live in the places that a need is attributed between.
attributed_coverage as (
    select
        zone_sides.need,
        member.level,
        member.code,
        exact_sum(greatest(coalesce(communes.population, 1), 1)) / any_value(people.people) as coverage
    from territory_members as member
    inner join communes using (commune_code)
    inner join (
        select level, code, exact_sum(greatest(coalesce(population, 1), 1)) as people
        from territory_members
        inner join communes using (commune_code)
        group by level, code
    ) as people on member.level = people.level and member.code = people.code
    inner join zone_sides on zone_sides.zone_code = coalesce(communes.epci_code, communes.commune_code)
    group by zone_sides.need, member.level, member.code
),

-- What nobody counts, attributed: the interval is the spread of the models.
attributed as (
    select
        given.need,
        own.node_id as own_id,
        given.direction = 'depends_on' as is_need,
        partner.node_id as partner_id,
        given.quantity,
        given.located_quantity,
        coalesce(given.quantity_km, 0) as quantity_km,
        case when given.ghg_kgco2e is null then 0 else given.located_quantity end as daily_quantity,
        coalesce(given.ghg_kgco2e, 0) as ghg_kgco2e,
        coalesce(given.ghg_ttw_kgco2e, 0) as ghg_ttw_kgco2e,
        given.year,
        'modelled' as evidence,
        given.low,
        given.high,
        covered.coverage
    from attributed_partners as given
    inner join attributed_coverage as covered
        on given.need = covered.need and given.level = covered.level and given.code = covered.code
        and covered.coverage >= $minimum_coverage
    inner join level_catalogue on given.level = level_catalogue.level
    inner join networks
        on networks.network = case level_catalogue.kind when 'partition' then given.level::varchar else 'perimeters' end
    inner join nodes as own
        on networks.network = own.network and given.level = own.level and given.code = own.code
    inner join nodes as partner
        on networks.network = partner.network
        and given.partner_level = partner.level and given.partner_code = partner.code
),

partners as (
    select *, partner_id in (select node_id from nodes where level in ('elsewhere', 'unknown')) as is_last
    from (select * from counted union all by name select * from attributed)
),

-- Oneself first, the unknown place and small parts last; among equals, the lowest code (nodes are numbered so).
-- Names come last: millions of partners are ranked.
ranked as materialized (
    select
        *,
        row_number() over ranking - 1 + case when first_value(own_id = partner_id) over ranking then 0 else 1 end
            as rank,
        sum(exact(quantity)) over (ranking rows unbounded preceding) as cumulated,
        sum(exact(quantity)) over (partition by need, own_id, is_need) as total
    from partners
    window ranking as (
        partition by need, own_id, is_need
        order by own_id = partner_id desc, is_last, quantity desc, partner_id
    )
),

-- A need, then its mirror: the same people, seen from the other end.
turned as (
    select need_catalogue.need as counted_as, need_catalogue.function, need_catalogue.unit,
        ranked.is_need as turned_is_need, ranked.*
    from ranked
    inner join need_catalogue using (need)
    union all
    select mirror.need, mirror.function, mirror.unit,
        not ranked.is_need, ranked.*
    from ranked
    inner join need_catalogue as mirror on ranked.need = mirror.mirror_of
)

select
    own.level,
    own.code,
    territory.name,
    turned.function,
    turned.counted_as as need,
    case when turned.turned_is_need then 'depends_on' else 'depended_on_by' end as direction,
    turned.rank,
    partner_node.level as partner_level,
    partner_node.code as partner_code,
    partner.name as partner_name,
    turned.quantity,
    turned.quantity / cast(turned.total as double) as share,
    cast(turned.cumulated as double) / cast(turned.total as double) as cumulative_share,
    turned.unit,
    turned.year,
    round(turned.quantity_km / nullif(turned.located_quantity, 0), 1) as distance_km,
    -- Of those who go there every day, if any.
    case when turned.daily_quantity > 0 then turned.ghg_kgco2e end as ghg_kgco2e,
    case when turned.daily_quantity > 0 then turned.ghg_ttw_kgco2e end as ghg_ttw_kgco2e,
    turned.evidence,
    turned.low,
    turned.high,
    turned.coverage
from turned
inner join nodes as own on turned.own_id = own.node_id
inner join territories as territory on own.level = territory.level and own.code = territory.code
inner join nodes as partner_node on turned.partner_id = partner_node.node_id
inner join territories as partner on partner_node.level = partner.level and partner_node.code = partner.code
