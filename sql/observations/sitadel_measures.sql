-- Dwellings authorised and started in a year, all kinds: the months of a year that is not over are left out.
with
whole_years as (
    select year
    from sitadel
    group by year
    having count(distinct month) = 12
)

select
    long.source_code,
    long.measure,
    long.year,
    exact_sum(long.value) as value,
    cast(null as double) as low,
    cast(null as double) as high
from (
    unpivot (
        select commune_code as source_code, year, permitted as dwellings_authorised, begun as dwellings_started
        from sitadel
        inner join whole_years using (year)
        where dwelling_type ilike 'tous logements'
    ) on dwellings_authorised, dwellings_started into name measure value value
) as long
group by long.source_code, long.measure, long.year
