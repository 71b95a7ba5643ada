-- The country, and the levels that hold every commune, must give back all that the ledger counts.
with
whole as (
    select exact_sum(flows.quantity) as total
    from flows
    inner join need_catalogue using (need)
    inner join communes on flows.dependent_code = communes.commune_code
    where need_catalogue.source_id is not null and need_catalogue.mirror_of is null
),

levels as (
    select exact_sum(flow.quantity) as total
    from territory_flows as flow
    inner join nodes on flow.dependent_id = nodes.node_id
    where nodes.level in ('commune', 'departement', 'region', 'country') and nodes.is_seen
    group by nodes.level
)

select
    max_by(levels.total, abs(levels.total - whole.total)) as observed,
    any_value(whole.total) as expected,
    'needs summed over the territories of the level that is farthest from the ledger' as message
from levels
cross join whole
having count(*) > 0
