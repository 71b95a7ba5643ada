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
)

select level, code, fact, year, value, 'observed' as evidence, 1.0 as coverage
from medians
