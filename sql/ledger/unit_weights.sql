-- What a respondent weighs among the residents of each territory: the interval of a flow in which nobody was
-- counted still reaches a few answers of theirs.
with
residents as (
    select
        flow.need,
        case need_catalogue.row_side when 'dependent' then flow.dependent_id else flow.provider_id end as node_id,
        exact_sum(flow.sampling_variance) / nullif(exact_sum(flow.quantity), 0) as unit_weight
    from territory_flows as flow
    inner join need_catalogue using (need)
    group by 1, 2
)

select
    need_catalogue.need,
    nodes.node_id,
    coalesce(residents.unit_weight, $design_effect * (
        case when sources.year <= 2014 then $sampling_weight_small_to_2014 else $sampling_weight_small end - 1
    )) as unit_weight
from need_catalogue
cross join nodes
inner join sources on need_catalogue.source_id = sources.source_id
left join residents on need_catalogue.need = residents.need and nodes.node_id = residents.node_id
where need_catalogue.mirror_of is null and nodes.is_seen
