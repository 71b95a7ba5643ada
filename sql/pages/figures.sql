-- The figures of each territory, the latest year of each, and their place among those alike: of the same level, of the
-- same class of size ($sizes: the populations where a class begins), and covered well enough to be compared.
with
latest as (
    select *
    from indicators
    qualify row_number() over (partition by level, code, indicator order by year desc) = 1
),
sized as (
    select
        latest.*,
        percentile is not null as is_compared,
        len(list_filter($sizes::double[], lambda size: size <= territories.population)) as size_class
    from latest
    inner join territories using (level, code)
)
select
    level, code, indicator, value, low, high, year, evidence, coverage,
    if(is_compared, rank() over alike, null) as place,
    if(is_compared, count(*) over (partition by level, indicator, size_class, is_compared), null) as peers
from sized
window alike as (partition by level, indicator, size_class, is_compared order by value desc)
order by level, code, indicator
