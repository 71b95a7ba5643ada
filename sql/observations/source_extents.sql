-- Communes for which each source is complete. Outside them nothing is known: not zero.
with
stated as (
    select
        source_id,
        extent_kind,
        split_part(extent, ':', 1) as scope,
        unnest(string_split(split_part(extent, ':', 2), '+')) as code
    from sources
    where extent is not null
),

complete as (
    select distinct
        stated.source_id,
        stated.extent_kind,
        member.commune_code
    from stated
    inner join territory_members as member
        on case stated.scope
            when 'france' then member.level = 'country'
            when 'france-metropolitaine' then member.level = 'departement' and member.code not like '97%'
            when 'reg' then member.level = 'region' and member.code = stated.code
            when 'dep' then member.level = 'departement' and member.code = stated.code
            when 'epci' then member.level = 'epci' and member.code = stated.code
            -- `sample` and `partial` are complete for nobody.
            else false
        end
),

-- What comes in from outside is known only where the source covers everybody.
everybody as (
    select source_id
    from complete
    group by source_id
    having count(*) = (select count(*) from communes)
)

select
    complete.source_id,
    complete.commune_code,
    true as as_row,
    complete.extent_kind = 'closed' or everybody.source_id is not null as as_column
from complete
left join everybody using (source_id)
