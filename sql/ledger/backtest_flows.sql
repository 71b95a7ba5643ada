-- Where commuting is counted between enough EPCI of a région, the flows that a model must find again from their
-- totals: those with both ends in the région, whose residents the source knows all. The largest régions only.
with
complete as (
    select zones.zone_code, territories.region_code
    from zones
    inner join territories on zones.level = territories.level and zones.zone_code = territories.code
    inner join need_coverage as coverage
        on zones.level = coverage.level and zones.zone_code = coverage.code
        and coverage.need = 'jobs' and coverage.direction = 'depends_on'
    where zones.level = 'epci' and coverage.coverage = 1 and zones.lon is not null and zones.area_km2 > 0
),

ours as (
    select communes.commune_code, complete.zone_code, complete.region_code
    from communes
    inner join complete on communes.epci_code = complete.zone_code
    where complete.region_code in (
        select region_code from complete group by region_code having count(*) >= $backtest_zones
    )
),

-- Régions are compared once flows are summed: as a join, all pairs of communes of a région would be made first.
pairs as (
    select
        any_value(provider.region_code) as area_code,
        provider.zone_code as provider_code,
        dependent.zone_code as dependent_code,
        exact_sum(flows.quantity) as quantity
    from flows
    inner join ours as provider on flows.provider_code = provider.commune_code
    inner join ours as dependent on flows.dependent_code = dependent.commune_code
    where flows.need = 'jobs'
    group by provider.zone_code, dependent.zone_code
    having area_code = any_value(dependent.region_code)
)

select *
from pairs
where area_code in (
    select area_code
    from pairs
    group by area_code
    qualify row_number() over (order by exact_sum(quantity) desc, area_code) <= $backtest_areas
)
