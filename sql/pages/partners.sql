-- The first partners for each need and direction, and where they stand on the map: its own part (rank 0), then
-- $partners others, and what is unknown.
select
    dependencies.level, dependencies.code, need, direction, rank, partner_level, partner_code, partner_name,
    quantity, low, high, share, distance_km, evidence, x, y
from dependencies
left join positions on partner_level = positions.level and partner_code = positions.code
where
    not list_contains($mirrors, need)
    and (rank <= $partners or partner_level = 'unknown')
    and share > 0
order by dependencies.level, dependencies.code, need, direction, rank
