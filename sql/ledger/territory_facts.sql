-- Facts of a territory that are no sums of its communes'.
with
-- Only a commune has a median; above it, nothing is published here.
medians as (
    select
        'commune' as level,
        passage.commune_code as code,
        'median_income' as fact,
        sources.year,
        income.median_income_euro as value
    from insee_income as income
    inner join sources on sources.source_id = 'insee_income'
    inner join commune_passage as passage
        on income.commune_code = passage.source_code and sources.cog_year = passage.cog_year
    where
        passage.commune_code is not null
        and not is_arrondissement(income.commune_code)
        and income.median_income_euro is not null
    -- A commune that several have joined has no median of its own.
    qualify count(*) over (partition by passage.commune_code) = 1
),

-- An area counts once in a territory, however many of its communes it touches. The list is of today's codes
-- and of old ones, back to the 1970s.
labels as (
    select
        member.level,
        member.code,
        any_value(sources.year) as year,
        count(distinct areas.area_code) as areas
    from territory_members as member
    inner join sources on sources.source_id = 'inao_aop' and sources.status = 'ok'
    left join commune_passage as passage
        on sources.cog_year = passage.cog_year and member.commune_code = passage.commune_code
    left join inao_aop as areas on passage.source_code = areas.commune_code
    group by member.level, member.code
)

select level, code, fact, year, value, 'observed' as evidence, 1.0 as coverage
from medians
union all
select level, code, 'quality_label_areas', year, areas, 'observed', 1.0
from labels
