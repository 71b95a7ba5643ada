-- The levers that each territory's figures call for: all conditions of one alternative hold. What is not known never
-- calls for anything. One row per figure that does.
with
latest as (
    select
        level,
        code,
        indicator,
        arg_max({'value': value, 'percentile': percentile, 'evidence': evidence}, year) as said,
        max(year) as year
    from indicators
    where level != 'country' and indicator in (select term from lever_conditions where not is_signal)
    group by level, code, indicator
),

figures as (
    select level, code, indicator as term, false as is_signal, said.value, said.percentile, said.evidence, year
    from latest
    union all
    select level, code, signal, true, value, null, evidence, year
    from signals
    where level != 'country'
),

conditions as (
    select
        *,
        -- Of a quartile, the percentile where it begins or ends.
        case comparison when 'top_quartile' then 75 when 'bottom_quartile' then 25 else threshold end as limit_value,
        count(*) over (partition by lever, alternative) as n_conditions
    from lever_conditions
),

held as (
    select
        conditions.*,
        figures.level,
        figures.code,
        figures.value,
        figures.percentile,
        figures.evidence,
        figures.year,
        count(*) over (partition by figures.level, figures.code, conditions.lever, conditions.alternative) as n_held
    from conditions
    inner join figures using (term, is_signal)
    where
        case comparison
            when 'above' then figures.value > limit_value
            when 'below' then figures.value < limit_value
            when 'top_quartile' then figures.percentile >= limit_value
            when 'bottom_quartile' then figures.percentile <= limit_value
        end
)

-- A condition that two alternatives share is said once.
select distinct
    held.level,
    held.code,
    held.lever,
    levers.function,
    case when held.is_signal then 'signal.' || held.term else held.term end as indicator,
    held.value,
    held.percentile,
    held.comparison,
    held.limit_value as threshold,
    held.unit,
    held.year,
    held.evidence
from held
inner join levers using (lever)
where held.n_held = held.n_conditions
