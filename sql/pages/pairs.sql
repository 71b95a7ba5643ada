-- What two territories give each other, need by need; pairs where both shares are under half a hundredth are left out.
select level, code_a as code, level_b as partner_level, code_b as partner_code, need, a_to_b, b_to_a, evidence
from reciprocity
where not list_contains($mirrors, need) and greatest(share_of_a, share_of_b) >= 0.005
union all
select level_b, code_b, level, code_a, need, b_to_a, a_to_b, evidence
from reciprocity
where level_b = level and not list_contains($mirrors, need) and greatest(share_of_a, share_of_b) >= 0.005
order by all
