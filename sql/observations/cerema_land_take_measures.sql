-- Land consumed by commune: of one year (from a 1 January to the next), by use, and over longer periods.
with
uses(use, measure) as (
    values
        ('art', 'land_take'), ('hab', 'land_take_housing'), ('act', 'land_take_activity'),
        ('rou', 'land_take_transport'), ('fer', 'land_take_transport')
),

spans as (
    select commune_code, littoral, use, taken_m2, 2000 + first_year::bigint as since, 2000 + last_year::bigint as until
    from cerema_land_take
),

yearly as (
    select spans.commune_code as source_code, uses.measure, spans.since as year, exact_sum(spans.taken_m2) as value
    from spans
    inner join uses using (use)
    where spans.until = spans.since + 1
    group by all
),

coastal as (
    select commune_code as source_code, 'coastal_land_take' as measure, since as year,
        case when littoral = 'C' then taken_m2 else 0 end as value
    from spans
    where use = 'art' and until = since + 1 and littoral is not null
),

periods as (
    select commune_code as source_code,
        case
            when since = 2011 then 'land_take_2011_2020'
            when since = 2016 then 'land_take_2016_2021'
            else 'land_take_since_2021'
        end as measure,
        until - 1 as year, taken_m2 as value, until - since as years
    from spans
    where use = 'art' and ((since, until) in ((2011, 2021), (2016, 2022)) or (since = 2021 and until > 2022))
)

select *, cast(null as double) as low, cast(null as double) as high
from (
    select * from yearly
    union all
    select * from coastal
    union all
    select source_code, measure, year, value from periods
    union all
    select source_code, 'land_take_yearly_since_2021', year, value / years
    from periods
    where measure = 'land_take_since_2021'
    union all
    select distinct commune_code, 'households_gained_2016_2022', 2022, households_2022 - households_2016
    from cerema_land_take
    where households_2022 is not null and households_2016 is not null
)
