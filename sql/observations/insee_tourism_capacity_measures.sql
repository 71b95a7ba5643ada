-- Lodgings of tourists, by what each kind counts: rooms of hotels, pitches of campsites, beds of the others.
select
    geo as source_code,
    case activity when 'I551' then 'hotel_rooms' when 'I553' then 'camping_pitches' else 'other_tourist_beds' end
        as measure,
    time_period as year,
    obs_value as value,
    cast(null as double) as low,
    cast(null as double) as high
from insee_tourism_capacity
where
    geo_object = 'COM'
    and (activity, tour_measure) in (('I551', 'PLACE'), ('I553', 'PLACE'), ('I552', 'BEDPLACE'))
    and unit_loc_ranking = '_T'
    and l_stay = '_T'
    and obs_value is not null
