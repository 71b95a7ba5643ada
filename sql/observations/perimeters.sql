-- Perimeters of projects by commune, on the codes of their source: contracts (CRTE), regional parks, coherence
-- schemes in force (SCoT), food projects (PAT, from the national list or that of one région).
with
contracts as (
    select 'crte' as level, unnest(string_split(crte_codes, ' ; ')) as code, null as name, commune_code,
        'anct_programmes' as source_id
    from anct_programmes
),

parks as (
    select 'pnr' as level, park as code, null as name, commune_code, 'pnr_perimeters' as source_id
    from pnr_perimeters
    where park is not null
),

schemes as (
    select 'scot' as level, scheme.scheme_id as code, scheme.scheme_name as name, member.commune_code,
        'docurba_scot' as source_id
    from docurba_scot as scheme
    inner join docurba_scot_communes as member on scheme.scheme_id = member.procedure_id
    where member.document_type = 'SCOT' and member.commune_type = 'COM' and lower(member.is_in_force) = 'true'
),

-- Without them, the schemes that another source names, by commune.
named_schemes as (
    select distinct
        'scot' as level,
        regexp_replace(lower(strip_accents(scot_name)), '[^a-z0-9]+', '-', 'g') as code,
        scot_name as name,
        commune_code,
        'cerema_land_take' as source_id
    from cerema_land_take
    where scot_name is not null and not exists (select * from schemes)
),

food_projects as (
    select 'pat' as level, pat_code as code, coalesce(usual_name, official_name) as name,
        unnest(string_split(commune_codes, ',')) as commune_code
    from pat_perimeters_national
    union all
    select 'pat', member.pat_code, project.name, member.commune_code
    from pat_perimeters_communes as member
    left join pat_perimeters_projects as project using (pat_code)
    where not exists (select * from pat_perimeters_national)
)

select distinct on (level, code, trim(commune_code)) level, code, name, trim(commune_code) as source_code, source_id
from (
    select * from contracts
    union all by name
    select * from parks
    union all by name
    select * from schemes
    union all by name
    select * from named_schemes
    union all by name
    select *, 'pat_perimeters' as source_id from food_projects
)
order by level, code, trim(commune_code), name
