-- Where a flow can begin or end: the communes of the reference year, workplaces abroad, the unknown place.
select 'commune' as level, commune_code as code from communes
union all
select level, code from foreign_places
