-- How each need is spread over partners, in each direction; a mirror need says the same of the same people.
select
    level, code, need, direction, total, unit, year, evidence, self_containment, external, partners_80, distance_km
from relations
where not list_contains($mirrors, need)
order by level, code, need, direction
