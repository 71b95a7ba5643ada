-- Journeys of passengers by the commune they start from and end in. Rare pairs are not published: a lower bound.
with
ends as (
    select start_commune_code as source_code, 'carpool_journeys_out' as measure from rpc_carpool
    union all
    select end_commune_code, 'carpool_journeys_in' from rpc_carpool
)

select
    ends.source_code,
    ends.measure,
    sources.year,
    count(*)::double as value,
    count(*)::double as low,
    cast(null as double) as high
from ends
inner join sources on sources.source_id = 'rpc_carpool'
where is_french_code(ends.source_code)
group by ends.source_code, ends.measure, sources.year
