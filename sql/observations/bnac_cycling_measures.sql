-- Kilometres of cycleways by commune: each side of a street that has one counts.
with
sides as (
    select right_commune_code as source_code, right_facility as facility, length_km from cycleway_lengths
    union all
    select left_commune_code, left_facility, length_km from cycleway_lengths
)

select
    sides.source_code,
    'cycleways' as measure,
    sources.year,
    exact_sum(sides.length_km) as value,
    cast(null as double) as low,
    cast(null as double) as high
from sides
inner join sources on sources.source_id = 'bnac_cycling'
where sides.source_code is not null and sides.facility is not null and upper(sides.facility) != 'AUCUN'
group by sides.source_code, sources.year
