-- Sums whose result does not depend on the order of the rows, hence on the number of threads.
create macro exact(x) as cast(x as decimal(18, 6));
create macro exact_sum(x) as cast(sum(exact(x)) as double);
create macro exact_sum_if(x, condition) as cast(sum(exact(x)) filter (where condition) as double);
create macro exact_sum_of_ratios(x) as cast(sum(cast(x as decimal(38, 15))) as double);

-- French communes and arrondissements, as INSEE codes them.
create macro is_french_code(code) as
    regexp_full_match(code, '((0[1-9]|1\d|2[1-9AB]|[3-8]\d|9[0-5])\d{3}|97[12346]\d{2})');

-- Products: a power takes far longer to compute.
create macro square(x) as x * x;
create macro cube(x) as x * x * x;

-- Great-circle distance (haversine), in the unit of the radius; null when a position is missing (`least`
-- alone would pass over it).
create macro great_circle(lon_a, lat_a, lon_b, lat_b, radius) as
    case when lon_a + lat_a + lon_b + lat_b is not null then
        2 * radius * asin(sqrt(least(1,
            square(sin(radians(lat_b - lat_a) / 2))
            + cos(radians(lat_a)) * cos(radians(lat_b)) * square(sin(radians(lon_b - lon_a) / 2))
        )))
    end;

-- Approximate 95 % interval of a sampled count (Byar): the variance of the count is
-- count * unit_weight, so that count / unit_weight is the number of independent answers behind it.
create macro byar_low(count, unit_weight) as
    case
        when count > 0 then count * cube(
            greatest(0, 1 - unit_weight / (9 * count) - 1.96 / (3 * sqrt(count / unit_weight))))
        when count = 0 then 0
    end;
create macro byar_high(count, unit_weight) as
    (count + unit_weight) * cube(
        1 - 1 / (9 * (count / unit_weight + 1)) + 1.96 / (3 * sqrt(count / unit_weight + 1)));

-- Arrondissements of Paris, Lyon and Marseille: some files hold them beside their commune.
create macro is_arrondissement(code) as
    code between '75101' and '75120' or code between '69381' and '69389' or code between '13201' and '13216';

-- Bounds of a sum of measures. Without bounds of its own a value is taken as it is; a hidden value is at least
-- zero, and at most unknown.
create macro has_bounds(value, low, high) as bool_or(value is null or low is not null or high is not null);
create macro sum_of_lows(value, low, weight) as exact_sum(coalesce(low, value, 0) * weight);
create macro sum_of_highs(value, low, high, weight) as
    case
        when count(*) = count(case when low is null and high is null then value else high end)
            then exact_sum((case when low is null and high is null then value else high end) * weight)
    end;

-- The kind of a basket: each gives something, for the same needs or only for others; one side gives; or none. Where
-- the need of one is not known, what it is given is not known either.
create macro basket_of(a_needs, b_needs, both_ways, is_known) as
    case
        when a_needs > 0 and b_needs > 0 then case when both_ways > 0 then 'reciprocal' else 'crossed' end
        when is_known then case when a_needs + b_needs > 0 then 'one_way' else 'none' end
    end;

-- How far a reciprocity is above that of chance; nothing where chance alone is nearly even.
create macro above_chance(found, expected, margin) as
    case when 1 - expected >= margin then (found - expected) / (1 - expected) end;
