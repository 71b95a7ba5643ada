-- Water withdrawn by use. What turns the wheels of a dam (BAR) goes back to the river: it is left out.
with
uses(usage_code, measure) as (
    values
        ('AEP', 'water_withdrawal_drinking'), ('IRR', 'water_withdrawal_irrigation'),
        ('IND', 'water_withdrawal_industry'), ('ENE', 'water_withdrawal_cooling')
),

withdrawn as (
    select commune_code, year, usage_code, volume_m3
    from bnpe_withdrawals
    where usage_code != 'BAR' and commune_code is not null and volume_m3 is not null
)

select commune_code as source_code, 'water_withdrawal' as measure, year, exact_sum(volume_m3) as value,
    cast(null as double) as low, cast(null as double) as high
from withdrawn
group by commune_code, year
union all
select withdrawn.commune_code, uses.measure, withdrawn.year, exact_sum(withdrawn.volume_m3), null, null
from withdrawn
inner join uses using (usage_code)
group by withdrawn.commune_code, uses.measure, withdrawn.year
