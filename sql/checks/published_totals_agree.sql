select
    count(*)::double as observed,
    0.0 as expected,
    'totals of publishers that our sums miss by more than 0.5 %, where all communes are known: '
    || coalesce(string_agg(level || ' ' || code || ' ' || measure || ' ' || year, ', ' order by level, code), 'none')
    as message
from (
    select published.level, published.code, published.measure, published.year
    from published_totals as published
    inner join territory_measures as ours using (level, code, measure, year)
    where ours.coverage > 0.999 and abs(ours.value - published.value) > 0.005 * published.value
    limit 20
)
