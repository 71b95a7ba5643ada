-- Only sources whose rows would otherwise be left out in silence; those that count people have their own check.
with
named as (
    select 'dgcl_epci' as source_id, commune_code from dgcl_epci
    union all
    select 'insee_comparateur', commune_code from insee_comparateur
    union all
    select 'insee_zonings', commune_code from insee_zonings
    union all
    select 'anct_programmes', commune_code from anct_programmes
    union all
    select 'etalab_commune_contours', commune_code from etalab_commune_contours
),

strange as (
    select sources.source_id, named.commune_code
    from named
    inner join sources on named.source_id = sources.source_id::varchar
    anti join commune_passage as passage
        on sources.cog_year = passage.cog_year and named.commune_code = passage.source_code
    -- Overseas collectivities are not communes.
    where is_french_code(named.commune_code) and sources.cog_year is not null
)

select
    count(*)::double as observed,
    0.0 as expected,
    'commune codes that no year of the COG knows, left out (' || coalesce(
        string_agg(source_id || ' ' || commune_code, ', ' order by source_id, commune_code), 'none'
    ) || ')' as message
from strange
