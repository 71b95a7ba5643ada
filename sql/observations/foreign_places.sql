-- Places outside the communes of France that the flows name: abroad, elsewhere, unknown.
with
country_of_prefix(prefix, country) as (
    values
        ('AL', 'Allemagne'), ('BE', 'Belgique'), ('LU', 'Luxembourg'), ('MO', 'Monaco'), ('SU', 'Suisse'),
        ('975', 'Saint-Pierre-et-Miquelon'), ('977', 'Saint-Barthélemy'), ('978', 'Saint-Martin'),
        ('986', 'Wallis-et-Futuna'), ('987', 'Polynésie française'), ('988', 'Nouvelle-Calédonie')
),

labels as (
    select other_code as code, max(other_name) as label
    from reported_flows
    where not is_french_code(other_code)
    group by other_code
),

met as (
    select distinct census_flows.other_code as code
    from census_flows
    left join communes on census_flows.other_code = communes.commune_code
    where communes.commune_code is null and census_flows.other_code != 'XXXXX'
)

select
    'foreign' as level,
    met.code,
    -- Some labels only repeat the code.
    coalesce(nullif(labels.label, met.code), listed.name, country_of_prefix.country, met.code) as name,
    country_of_prefix.country
from met
left join labels using (code)
left join insee_foreign_codes as listed on met.code = listed.foreign_code
left join country_of_prefix on met.code like country_of_prefix.prefix || '%'
union all
-- Where attributed flows begin or end when it is not an EPCI.
select 'foreign', 'ROW', 'Reste du monde', null
union all
select 'elsewhere', 'FRXXX', 'Ailleurs en France (petites parts réunies)', null
union all
select 'unknown', 'XXXXX', 'Lieu non identifié', null
