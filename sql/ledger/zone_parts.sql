-- The share of each place's need and supply that belongs to a territory: that of its communes. A flow between places
-- is shared out so, and any perimeter gets its part. Communes have none of their own: nothing is known below the EPCI.
with
said as (
    select
        side.need,
        side.side,
        coalesce(communes.epci_code, communes.commune_code) as zone_code,
        communes.commune_code,
        measures.value
    from attribution_sides as side
    inner join measures on side.measure = measures.measure and side.year = measures.year
    inner join communes using (commune_code)
    where measures.value > 0
),

shares as (
    select
        said.need,
        said.side,
        said.zone_code,
        said.commune_code,
        said.value / sum(exact(said.value)) over (partition by said.need, said.side, said.zone_code) as share
    from said
    inner join zone_sides using (need, zone_code)
)

select
    shares.need,
    member.level,
    member.code,
    shares.zone_code,
    exact_sum_of_ratios(case shares.side when 'demand' then shares.share else 0 end) as demand_share,
    exact_sum_of_ratios(case shares.side when 'supply' then shares.share else 0 end) as supply_share
from shares
inner join territory_members as member using (commune_code)
where member.level != 'commune'
group by shares.need, member.level, member.code, shares.zone_code
