-- Workplaces outside the communes of France that the flows name, and the unknown place.
with
country_of_prefix(prefix, country) as (
    values
        ('AL', 'Allemagne'), ('BE', 'Belgique'), ('LU', 'Luxembourg'), ('MO', 'Monaco'), ('SU', 'Suisse'),
        ('975', 'Saint-Pierre-et-Miquelon'), ('977', 'Saint-Barthélemy'), ('978', 'Saint-Martin'),
        ('986', 'Wallis-et-Futuna'), ('987', 'Polynésie française'), ('988', 'Nouvelle-Calédonie')
),

met as (
    select
        commuting.workplace_code as code,
        max(flow.workplace_name) as label
    from (select distinct workplace_code from commuting) as commuting
    left join communes on commuting.workplace_code = communes.commune_code
    left join insee_commuting as flow on commuting.workplace_code = flow.workplace_code
    where communes.commune_code is null and commuting.workplace_code != 'XXXXX'
    group by commuting.workplace_code
)

select
    'foreign' as level,
    met.code,
    -- Some labels only repeat the code.
    coalesce(nullif(met.label, met.code), listed.name, country_of_prefix.country, met.code) as name,
    country_of_prefix.country
from met
left join insee_foreign_codes as listed on met.code = listed.foreign_code
left join country_of_prefix on met.code like country_of_prefix.prefix || '%'
union all
select 'unknown', 'XXXXX', 'Lieu non identifié', null
