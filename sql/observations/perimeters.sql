-- Perimeters of projects by commune, on the codes of their source: contracts (CRTE), regional parks, coherence
-- schemes in force (SCoT), food projects (PAT).
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
)

select distinct on (level, code, commune_code) *
from (
    select * from contracts
    union all by name
    select * from parks
    union all by name
    select * from schemes
)
order by level, code, commune_code, name
