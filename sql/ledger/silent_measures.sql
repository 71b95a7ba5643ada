-- What is kept from us inside the extent of a source: it holds communes of which it gives no figure, none or a
-- secret. Sums take what is published; outside the extent, a commune is left out of them.
select distinct
    extent.commune_code,
    given.measure,
    given.year
from (
    select distinct measures.measure, measures.year, measures.source_id
    from measures
    inner join measure_catalogue using (measure)
    where measure_catalogue.absent = 'hidden'
) as given
inner join source_extents as extent on given.source_id = extent.source_id and extent.as_row
anti join measures
    on extent.commune_code = measures.commune_code and given.measure = measures.measure and given.year = measures.year
