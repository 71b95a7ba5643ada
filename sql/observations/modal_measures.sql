-- INSEE publishes a share for each commune, and no count: a share becomes people by the employed residents of
-- 15 to 64 (households, by the main homes) that another source counts in the commune. Those whose share is
-- known are a measure too, for the sum to be divided by.
with
counted_of_kind(kind, counted) as (
    values
        ('car_percent', 'employed_residents_15_64'),
        ('transit_percent', 'employed_residents_15_64'),
        ('bike_percent', 'employed_residents_15_64'),
        ('households_with_car_percent', 'main_homes')
),

-- The modes of a commune are known together or not at all: their people are divided by the same people.
shares as (
    select long.commune_code, long.kind, long.percent, kinds.counted
    from (
        unpivot insee_modal_share on car_percent, transit_percent, bike_percent, households_with_car_percent
        into name kind value percent
    ) as long
    inner join (select *, count(*) over (partition by counted) as kinds from counted_of_kind) as kinds using (kind)
    qualify count(*) over (partition by long.commune_code, kinds.counted) = kinds.kinds
),

-- When communes have merged since, the larger one weighs more.
placed as (
    select
        passage.commune_code,
        shares.kind,
        shares.counted,
        sources.year,
        exact_sum(shares.percent * greatest(coalesce(own.value, 1), 1))
        / exact_sum(greatest(coalesce(own.value, 1), 1)) as percent
    from shares
    inner join sources on sources.source_id = 'insee_modal_share'
    inner join commune_passage as passage
        on shares.commune_code = passage.source_code and sources.cog_year = passage.cog_year
    left join insee_comparateur_measures as own
        on shares.commune_code = own.source_code and shares.counted = own.measure
    where passage.commune_code is not null
    group by all
),

people as (
    select placed.*, counts.value as count
    from placed
    inner join placed_measures as counts
        on placed.commune_code = counts.commune_code and placed.counted = counts.measure
        and counts.source_id = 'insee_comparateur'
    where counts.value is not null
)

select
    commune_code,
    case kind
        when 'car_percent' then 'commuters_by_car'
        when 'transit_percent' then 'commuters_by_transit'
        when 'bike_percent' then 'commuters_by_bike'
        else 'households_with_car'
    end as measure,
    year,
    count * percent / 100 as value,
    'modelled' as evidence,
    'insee_modal_share' as source_id
from people
union all
select distinct
    commune_code,
    case counted when 'main_homes' then 'households_asked' else 'commuters_asked' end,
    year,
    count,
    'modelled',
    'insee_modal_share'
from people
