select
    count(*) filter (where lon is null)::double as observed,
    0.0 as expected,
    'communes without position: their flows have no distance ('
    || coalesce(string_agg(commune_code, ' ' order by commune_code) filter (where lon is null), 'none')
    || ')' as message
from communes
