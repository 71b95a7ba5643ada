-- The levers that the figures of each territory call for, with the figures that do (`called_by`: an
-- indicator, or a signal).
select level, code, lever, indicator as called_by, value, unit, comparison, threshold
from triggered_levers
order by level, code, lever, called_by
