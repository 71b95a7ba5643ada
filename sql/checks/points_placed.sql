select
    count(*) filter (where points.source_code is null and located_points.source_code is null) / count(*) as observed,
    0.0 as expected,
    count(*) filter (where points.source_code is null and located_points.source_code is null)
        || ' places of sources have neither a known commune nor coordinates in one' as message
from points
left join located_points using (source_id, point_number)
having count(*) > 0
