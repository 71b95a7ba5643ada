-- Water withdrawn by use; of a volume that is not given, the sum has no upper bound. What turns the wheels of a
-- dam (BAR) goes back to the river: it is left out.
with
uses(usage_code, measure) as (
    values
        ('AEP', 'water_withdrawal_drinking'), ('IRR', 'water_withdrawal_irrigation'),
        ('IND', 'water_withdrawal_industry'), ('ENE', 'water_withdrawal_cooling')
),

withdrawn as (
    select commune_code, year, 'water_withdrawal' as measure, volume_m3
    from bnpe_withdrawals
    where usage_code != 'BAR' and commune_code is not null
    union all
    select water.commune_code, water.year, uses.measure, water.volume_m3
    from bnpe_withdrawals as water
    inner join uses using (usage_code)
    where water.commune_code is not null
)

select
    commune_code as source_code,
    measure,
    year,
    exact_sum(volume_m3) as value,
    case when count(volume_m3) < count(*) then coalesce(exact_sum(volume_m3), 0) end as low,
    cast(null as double) as high
from withdrawn
group by commune_code, measure, year
