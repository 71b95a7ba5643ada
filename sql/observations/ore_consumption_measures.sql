-- Electricity and gas consumed. Empty, 0, or with hidden meshes: a secret, and the sum has no upper bound.
with
listed as (
    select
        commune_code as source_code,
        year,
        case filiere when 'Gaz' then 'gas_consumption' else 'electricity_consumption' end as measure,
        category_code,
        nullif(consumption_mwh, 0) as mwh,
        nullif(consumption_mwh, 0) is null or coalesce(secret_cells, 0) > 0 as is_hidden
    from ore_consumption
    where commune_code is not null
),

every as (
    select source_code, year, measure, mwh, is_hidden from listed
    union all
    select source_code, year, measure || '_residential', mwh, is_hidden from listed where category_code = 'RES'
)

select
    source_code,
    measure,
    year,
    exact_sum(mwh) as value,
    case when bool_or(is_hidden) then coalesce(exact_sum(mwh), 0) end as low,
    cast(null as double) as high
from every
group by source_code, measure, year
