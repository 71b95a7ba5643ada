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
),

-- Half of the residents who work go less far.
commutes as (
    select
        member.level,
        member.code,
        flows.distance_km,
        any_value(flows.year) as year,
        sum(exact(flows.quantity)) as people
    from flows
    inner join territory_members as member on flows.dependent_code = member.commune_code
    where flows.need = 'jobs' and flows.distance_km is not null
    group by member.level, member.code, flows.distance_km
),

median_commutes as (
    select level, code, any_value(year) as year, min(distance_km) as value
    from (
        select
            *,
            sum(people) over (partition by level, code order by distance_km) as up_to,
            sum(people) over (partition by level, code) as total
        from commutes
    )
    where 2 * up_to >= total
    group by level, code
)

select level, code, fact, year, value, 'observed' as evidence, 1.0 as coverage
from medians
union all
select level, code, 'quality_label_areas', year, areas, 'observed', 1.0
from labels
union all
select commute.level, commute.code, 'median_commute_km', commute.year, commute.value, 'modelled', known.coverage
from median_commutes as commute
inner join need_coverage as known
    on commute.level = known.level and commute.code = known.code
    and known.need = 'jobs' and known.direction = 'depends_on' and not known.is_whole
where known.coverage >= $minimum_coverage
