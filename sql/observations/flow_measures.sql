-- Employed residents and jobs held, where the flows are complete for that end.
with
ends as (
    select residence_code as commune_code, 'employed_residents' as measure, year, people, true as is_row
    from census_flows
    where source_id = 'insee_commuting'
    union all
    select other_code, 'jobs_held', year, people, false
    from census_flows
    where source_id = 'insee_commuting'
)

select
    ends.commune_code,
    ends.measure,
    any_value(ends.year) as year,
    exact_sum(ends.people) as value,
    'observed' as evidence,
    'insee_commuting' as source_id
from ends
inner join source_extents as extent
    on ends.commune_code = extent.commune_code
    and extent.source_id = 'insee_commuting'
    and case when ends.is_row then extent.as_row else extent.as_column end
group by ends.commune_code, ends.measure
