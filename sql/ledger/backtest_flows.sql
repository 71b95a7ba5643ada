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

areas as (
    select region_code, count(*) as zones
    from complete
    group by region_code
    having zones >= $backtest_zones
),

pairs as (
    select
        areas.region_code as area_code,
        provider.zone_code as provider_code,
        dependent.zone_code as dependent_code,
        exact_sum(flows.quantity) as quantity
    from flows
    inner join communes as provider_commune on flows.provider_code = provider_commune.commune_code
    inner join communes as dependent_commune on flows.dependent_code = dependent_commune.commune_code
    inner join complete as provider on provider_commune.epci_code = provider.zone_code
    inner join complete as dependent
        on dependent_commune.epci_code = dependent.zone_code and provider.region_code = dependent.region_code
    inner join areas on provider.region_code = areas.region_code
    where flows.need = 'jobs'
    group by areas.region_code, provider.zone_code, dependent.zone_code
)

select *
from pairs
where area_code in (
    select area_code
    from pairs
    group by area_code
    qualify row_number() over (order by exact_sum(quantity) desc, area_code) <= $backtest_areas
)
