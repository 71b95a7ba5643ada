select
    coalesce(max(abs(ours.quantity - theirs.quantity)), 0) as observed,
    0.0 as expected,
    'largest gap between what A gets from B and what B is said to give A, same level' as message
from dependencies as ours
inner join dependencies as theirs
    on ours.level = theirs.level and ours.need = theirs.need
    and ours.code = theirs.partner_code and ours.partner_code = theirs.code
    and ours.partner_level = ours.level and theirs.partner_level = theirs.level
where ours.direction = 'depends_on' and theirs.direction = 'depended_on_by'
having (select count(*) from dependencies) > 0
