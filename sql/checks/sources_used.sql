select
    count(*) filter (where status in ('unavailable', 'rejected'))::double as observed,
    0.0 as expected,
    'sources that could not be used: ' || coalesce(
        string_agg(source_id || ' (' || status || ')', ', ' order by source_id)
            filter (where status in ('unavailable', 'rejected')),
        'none'
    ) as message
from sources
