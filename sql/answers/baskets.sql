-- The basket of reciprocity: what two territories give each other over all functions. Needs are counted, never their
-- units; whoever leans on the other in a function is the one that takes the larger share of a need from it.
with
functions as (
    select
        level,
        code_a,
        level_b,
        code_b,
        function,
        coalesce(max(share_of_a) filter (where is_known), 0) as a_leans,
        coalesce(max(share_of_b) filter (where is_known), 0) as b_leans,
        bool_or(is_known) as is_known,
        bool_or(a_is_giver) as a_is_giver,
        bool_or(b_is_giver) as b_is_giver
    from reciprocity
    where level not in ('commune', 'country')
    group by level, code_a, level_b, code_b, function
),

leaning as (
    select
        level,
        code_a,
        level_b,
        code_b,
        count(*) filter (where a_is_giver) as a_functions,
        count(*) filter (where b_is_giver) as b_functions,
        map_from_entries(list((
            function,
            case
                when not is_known then null
                when a_leans > b_leans then 'a_on_b'
                when a_leans < b_leans then 'b_on_a'
                else 'even'
            end
        ))) as leans
    from functions
    group by level, code_a, level_b, code_b
),

given as (
    select
        level,
        code_a,
        level_b,
        code_b,
        any_value(name_a) as name_a,
        any_value(name_b) as name_b,
        string_agg(need::varchar, ', ' order by need::varchar) filter (where a_is_giver) as a_gives,
        string_agg(need::varchar, ', ' order by need::varchar) filter (where b_is_giver) as b_gives,
        count(*) filter (where a_is_giver and b_is_giver) as both_ways,
        count(*) filter (where a_is_giver) as a_needs,
        count(*) filter (where b_is_giver) as b_needs,
        count(*) filter (where a_is_giver and b_is_giver and evidence = 'observed') as both_ways_observed,
        count(*) filter (where a_is_giver and evidence = 'observed') as a_needs_observed,
        count(*) filter (where b_is_giver and evidence = 'observed') as b_needs_observed,
        min(evidence) filter (where a_is_giver or b_is_giver) as evidence,
        bool_and(is_known) as is_known
    from reciprocity
    where level not in ('commune', 'country')
    group by level, code_a, level_b, code_b
    having bool_or(a_is_giver or b_is_giver)
)

select
    level,
    code_a,
    name_a,
    level_b,
    code_b,
    name_b,
    a_gives,
    b_gives,
    a_functions,
    b_functions,
    leans['cohabit'] as leans_cohabit,
    leans['food'] as leans_food,
    leans['energy'] as leans_energy,
    leans['work'] as leans_work,
    basket_of(a_needs, b_needs, both_ways, is_known) as basket,
    basket_of(a_needs_observed, b_needs_observed, both_ways_observed, is_known) as basket_observed,
    evidence
from given
inner join leaning using (level, code_a, level_b, code_b)
