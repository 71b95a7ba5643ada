select
    exact_sum_if(flows.quantity, need_catalogue.mirror_of is not null) as observed,
    exact_sum_if(flows.quantity, need_catalogue.mirror_of is null) as expected,
    'quantity of the mirror needs, against that of the needs they mirror' as message
from flows
inner join need_catalogue using (need)
where need_catalogue.mirror_of is not null or need_catalogue.need in (select mirror_of from need_catalogue)
having count(*) > 0
