-- Territories of every level: names, and the sums and centre of their communes.
with
names as (
    select 'epci' as level, epci_code as code, any_value(epci_name) as name from dgcl_epci group by epci_code
    union all
    select 'departement', departement_code, name from insee_cog_departements
    union all
    select 'region', region_code, name from insee_cog_regions
    union all
    select
        case when zone_type like 'ZE%' then 'zone_emploi' when zone_type like 'BV%' then 'bassin_vie' else 'aav' end,
        zone_code,
        name
    from insee_zoning_names
    where regexp_matches(zone_type, '^(ZE|BV|AAV)\d{4}$')
    union all
    select 'country', 'FR', 'France'
    union all
    select level, code, any_value(name order by name) from perimeters where name is not null group by level, code
    union all
    select distinct 'custom', code, name from user_perimeters
),

sums as (
    select
        member.level,
        member.code,
        -- A territory with a commune of unknown population (or area) has no known total.
        case when count(communes.population) = count(*) then exact_sum(communes.population) end as population,
        case when count(communes.area_km2) = count(*) then round(exact_sum(communes.area_km2), 4) end as area_km2,
        round(
            exact_sum(communes.lon * greatest(communes.population, 1))
            / exact_sum_if(greatest(communes.population, 1), communes.lon is not null), 5
        ) as lon,
        round(
            exact_sum(communes.lat * greatest(communes.population, 1))
            / exact_sum_if(greatest(communes.population, 1), communes.lat is not null), 5
        ) as lat,
        count(*) as n_communes,
        arg_max(communes.name, (coalesce(communes.population, 0), communes.commune_code)) as largest_commune,
        any_value(communes.name) as any_name,
        any_value(communes.epci_code) as epci_code
    from territory_members as member
    inner join communes using (commune_code)
    group by member.level, member.code
),

inside as (
    select
        member.level,
        member.code,
        communes.departement_code,
        communes.region_code,
        exact_sum(coalesce(communes.population, 0)) as population
    from territory_members as member
    inner join communes using (commune_code)
    group by all
),

home as (
    select
        departements.level,
        departements.code,
        departements.departement_code,
        regions.region_code
    from (
        select level, code, arg_max(departement_code, (population, departement_code)) as departement_code
        from inside
        group by level, code
    ) as departements
    inner join (
        select level, code, arg_max(region_code, (population, region_code)) as region_code
        from (
            select level, code, region_code, exact_sum(population) as population
            from inside
            group by level, code, region_code
        )
        group by level, code
    ) as regions using (level, code)
)

select
    sums.level,
    sums.code,
    case
        when sums.level = 'commune' then sums.any_name
        when names.name is not null then names.name
        -- A contract has no published name: its largest commune tells where it is.
        else sums.code || ' (' || sums.largest_commune || ')'
    end as name,
    case when sums.level not in ('region', 'country') then home.departement_code end as departement_code,
    case when sums.level != 'country' then home.region_code end as region_code,
    case when sums.level = 'commune' then sums.epci_code end as epci_code,
    sums.population,
    sums.area_km2,
    sums.lon,
    sums.lat,
    sums.n_communes,
    $cog_year as cog_year
from sums
inner join home using (level, code)
left join names using (level, code)
union all
select level, code, name, null, null, null, null, null, null, null, 0, $cog_year
from foreign_places
