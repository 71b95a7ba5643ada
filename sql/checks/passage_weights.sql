select max(abs(total - 1)) as observed, 0.0 as expected, 'largest gap of the sum of shares of a code to one' as message
from (select sum(weight) as total from commune_passage group by cog_year, source_code)
