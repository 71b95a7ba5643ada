select
    count(*) filter (where population is null)::double as observed,
    0.0 as expected,
    'communes of unknown population (' || coalesce(string_agg(commune_code, ' ' order by commune_code)
        filter (where population is null), 'none') || ')' as message
from communes
