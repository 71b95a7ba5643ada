select
    count(*)::double as observed,
    0.0 as expected,
    'places of sources that have neither a known commune nor coordinates in one' as message
from points
left join located_points using (source_id, point_number)
where points.source_code is null and located_points.source_code is null
