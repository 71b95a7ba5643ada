-- Tax households of communes; medians do not add up (see territory_facts).
select
    income.commune_code as source_code,
    'tax_households' as measure,
    sources.year,
    income.tax_households as value,
    cast(null as double) as low,
    cast(null as double) as high
from insee_income as income
inner join sources on sources.source_id = 'insee_income'
where income.tax_households is not null and not is_arrondissement(income.commune_code)
