-- Private dwellings vacant for over two years (under 11 are secret), and the private stock, a year older.
select
    lovac.commune_code as source_code,
    'long_vacant_homes' as measure,
    sources.year,
    lovac.long_vacant as value,
    case when lovac.long_vacant is null then 0 end as low,
    case when lovac.long_vacant is null then $secret_dwellings end as high
from lovac
inner join sources on sources.source_id = 'lovac'
union all
select lovac.commune_code, 'private_dwellings', sources.year - 1, lovac.private_dwellings, null, null
from lovac
inner join sources on sources.source_id = 'lovac'
where lovac.private_dwellings is not null
