-- What a surplus could bring to a deficit within reach: were it for it alone (`potential_exclusive`), and when no
-- surplus is promised twice (`potential_allocated`).
select
    need_catalogue.function,
    pairs.need,
    pairs.giver_level,
    pairs.giver_code,
    giver.name as giver_name,
    pairs.receiver_level,
    pairs.receiver_code,
    receiver.name as receiver_name,
    pairs.surplus,
    pairs.deficit,
    least(pairs.surplus, pairs.deficit) as potential_exclusive,
    case
        when pairs.giver_level = 'epci' and pairs.receiver_level = 'epci' then coalesce(potential_allocated, 0)
    end as potential_allocated,
    least(pairs.surplus, pairs.deficit) / pairs.surplus as share_of_surplus,
    least(pairs.surplus, pairs.deficit) / pairs.deficit as share_of_deficit,
    need_catalogue.unit,
    pairs.distance_km,
    pairs.year,
    pairs.evidence
from complement_pairs as pairs
inner join need_catalogue using (need)
inner join territories as giver on pairs.giver_level = giver.level and pairs.giver_code = giver.code
inner join territories as receiver on pairs.receiver_level = receiver.level and pairs.receiver_code = receiver.code
left join complement_allocation as allocated
    on pairs.need = allocated.need and pairs.giver_level = 'epci' and pairs.receiver_level = 'epci'
    and pairs.giver_code = allocated.giver_code and pairs.receiver_code = allocated.receiver_code
