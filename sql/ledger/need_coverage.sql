-- Share of each territory's population whose need (depends_on) or supply (depended_on_by) is known.
with
known as (
    select
        need_catalogue.need,
        member.level,
        member.code,
        greatest(coalesce(communes.population, 1), 1) as people,
        case need_catalogue.row_side when 'dependent' then extent.as_row else extent.as_column end as as_dependent,
        case need_catalogue.row_side when 'dependent' then extent.as_column else extent.as_row end as as_provider
    from territory_members as member
    inner join communes using (commune_code)
    cross join need_catalogue
    left join source_extents as extent
        on member.commune_code = extent.commune_code and need_catalogue.source_id = extent.source_id
)

select need, level, code, 'depends_on' as direction,
    coalesce(exact_sum_if(people, as_dependent), 0) / exact_sum(people) as coverage
from known
group by need, level, code
union all
select need, level, code, 'depended_on_by',
    coalesce(exact_sum_if(people, as_provider), 0) / exact_sum(people)
from known
group by need, level, code
