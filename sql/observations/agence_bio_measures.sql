-- Organic farmland, conversion included, for every year of the file: a commune that is not there has none.
select
    commune_code as source_code,
    'organic_farmland' as measure,
    year,
    exact_sum(organic_ha) as value,
    cast(null as double) as low,
    cast(null as double) as high
from agence_bio
where commune_code is not null
group by commune_code, year
