-- Share of each territory's population whose need (depends_on) or supply (depended_on_by) is known.
with
known as (
    select
        need_catalogue.need,
        member.level,
        member.code,
        greatest(coalesce(communes.population, 1), 1) as people,
        case need_catalogue.row_side when 'dependent' then extent.as_row else extent.as_column end as as_dependent,
        case need_catalogue.row_side when 'dependent' then extent.as_column else extent.as_row end as as_provider,
        sources.extent_kind = 'closed' as is_closed,
        extents.communes_covered
    from territory_members as member
    inner join communes using (commune_code)
    cross join need_catalogue
    inner join sources on need_catalogue.source_id = sources.source_id
    left join (
        select source_id, count(*) as communes_covered from source_extents group by source_id
    ) as extents on need_catalogue.source_id = extents.source_id
    left join source_extents as extent
        on member.commune_code = extent.commune_code and need_catalogue.source_id = extent.source_id
),

covered as (
    select
        need,
        level,
        code,
        coalesce(exact_sum_if(people, as_dependent), 0) / exact_sum(people) as depends_on,
        coalesce(exact_sum_if(people, as_provider), 0) / exact_sum(people) as depended_on_by,
        bool_or(is_closed) and count(*) filter (where as_dependent) = any_value(communes_covered) as is_whole
    from known
    group by need, level, code
)

select need, level, code, direction, coverage, coalesce(is_whole, false) as is_whole
from (unpivot covered on depends_on, depended_on_by into name direction value coverage)
