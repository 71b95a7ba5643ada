-- With whom to cooperate: pairs within reach whose surpluses and deficits complement each other. The score is the mean,
-- over the functions matched, of the largest share of a deficit that the other could cover, counted half where one side
-- gives; its parts are beside it. Levers are those of the functions matched that several territories pull together.
with
-- Each match as its pair sees it: a perimeter comes first, and of two EPCI the lower code.
matches as (
    select
        case when a_is_giver then giver_level else receiver_level end as level,
        case when a_is_giver then giver_code else receiver_code end as code_a,
        case when a_is_giver then giver_name else receiver_name end as name_a,
        case when a_is_giver then receiver_level else giver_level end as level_b,
        case when a_is_giver then receiver_code else giver_code end as code_b,
        case when a_is_giver then receiver_name else giver_name end as name_b,
        *
    from (
        select
            *,
            case
                when giver_level = receiver_level then giver_code < receiver_code
                else giver_level != 'epci'
            end as a_is_giver
        from complements
    )
),

functions as (
    select level, code_a, level_b, code_b, function, max(share_of_deficit) as share_of_deficit
    from matches
    group by level, code_a, level_b, code_b, function
),

scores as (
    select level, code_a, level_b, code_b, count(*) as n_functions,
        exact_sum_of_ratios(share_of_deficit) / count(*) as mean_share_of_deficit
    from functions
    group by level, code_a, level_b, code_b
),

pairs as (
    select
        level,
        code_a,
        level_b,
        code_b,
        any_value(name_a) as name_a,
        any_value(name_b) as name_b,
        any_value(distance_km) as distance_km,
        string_agg(need::varchar, ', ' order by need::varchar) filter (where a_is_giver) as a_gives,
        string_agg(need::varchar, ', ' order by need::varchar) filter (where not a_is_giver) as b_gives,
        min(evidence) as evidence
    from matches
    group by level, code_a, level_b, code_b
),

-- The levers of each set of matched needs: there are few sets.
proposed as (
    select
        pairs.level,
        pairs.code_a,
        pairs.level_b,
        pairs.code_b,
        levers.lever,
        levers.form
    from (select distinct level, code_a, level_b, code_b, function, need from matches) as pairs
    inner join levers
        on (levers.function = pairs.function::varchar or levers.function = 'all')
        and levers.form is not null
        and (levers.needs is null or list_contains(string_split(levers.needs, ', '), pairs.need::varchar))
    group by all
),

forms as (
    select
        level,
        code_a,
        level_b,
        code_b,
        string_agg(lever, ', ' order by lever) filter (where form = 'planning') as planning_levers,
        string_agg(lever, ', ' order by lever) filter (where form = 'pooling') as pooling_levers,
        string_agg(lever, ', ' order by lever) filter (where form = 'exchange') as exchange_levers,
        string_agg(lever, ', ' order by lever) as levers
    from proposed
    group by level, code_a, level_b, code_b
)

select
    pairs.level,
    pairs.code_a,
    pairs.name_a,
    pairs.level_b,
    pairs.code_b,
    pairs.name_b,
    pairs.distance_km,
    pairs.a_gives,
    pairs.b_gives,
    scores.n_functions,
    scores.mean_share_of_deficit,
    pairs.a_gives is not null and pairs.b_gives is not null as is_two_way,
    scores.mean_share_of_deficit * case when is_two_way then 1 else $one_way_score end as score,
    case when baskets.code_a is null then 'none' else baskets.basket end as basket,
    forms.planning_levers,
    forms.pooling_levers,
    forms.exchange_levers,
    forms.levers,
    pairs.evidence
from pairs
inner join scores using (level, code_a, level_b, code_b)
left join forms using (level, code_a, level_b, code_b)
left join baskets using (level, code_a, level_b, code_b)
