-- The communes that make each EPCI of 2018, with the share of it that goes to each: by area. Without INSEE's
-- composition of the time, those of today stand for it, and the EPCI that are gone have none.
with
-- ALDO gives numbers to communes that were in no EPCI.
alone(epci_code, commune_code) as (
    values ('1', '22016'), ('2', '29083'), ('2', '29155'), ('3', '49307'), ('4', '85113')
),

of_then as (
    select composition.epci_code, passage.commune_code, passage.weight
    from insee_epci as composition
    inner join sources on sources.source_id = 'insee_epci'
    inner join commune_passage as passage
        on composition.commune_code = passage.source_code and sources.cog_year = passage.cog_year
    where composition.epci_code != 'ZZZZZZZZZ' and passage.commune_code is not null
),

members as (
    select * from of_then
    union all
    select epci_code, commune_code, 1
    from communes
    where epci_code is not null and not exists (select * from of_then)
),

apart as (
    select members.*
    from members
    left join alone using (commune_code)
    where alone.commune_code is null
    union all
    select alone.epci_code, alone.commune_code, 1
    from alone
    inner join communes using (commune_code)
),

areas as (
    select
        apart.epci_code,
        apart.commune_code,
        exact_sum(coalesce(communes.area_km2, 0) * apart.weight) as area_km2
    from apart
    inner join communes using (commune_code)
    group by apart.epci_code, apart.commune_code
)

select
    epci_code,
    commune_code,
    area_km2 / sum(area_km2) over (partition by epci_code order by commune_code
        rows between unbounded preceding and unbounded following) as area_share
from areas
where area_km2 > 0
