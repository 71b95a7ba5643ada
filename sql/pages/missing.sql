-- What is not measured of one territory alone, and which reason is given ($reasons, in both languages, in their order).
select level, code, function, need, indicator, reason
from not_measured
inner join reasons using (reason_fr, reason_en)
where level != '*' and code != '*'
order by level, code, function, need, indicator, reason
