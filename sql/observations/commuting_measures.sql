-- Employed residents and jobs held, where the flows are complete for that end.
select
    commuting.residence_code as commune_code,
    'employed_residents' as measure,
    any_value(commuting.year) as year,
    exact_sum(commuting.workers) as value,
    'observed' as evidence,
    'insee_commuting' as source_id
from commuting
inner join source_extents as extent
    on commuting.residence_code = extent.commune_code
    and extent.source_id = 'insee_commuting' and extent.as_row
group by commuting.residence_code
union all
select
    commuting.workplace_code,
    'jobs_held',
    any_value(commuting.year),
    exact_sum(commuting.workers),
    'observed',
    'insee_commuting'
from commuting
inner join source_extents as extent
    on commuting.workplace_code = extent.commune_code
    and extent.source_id = 'insee_commuting' and extent.as_column
group by commuting.workplace_code
