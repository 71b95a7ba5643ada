select
    max(margin_error) as observed,
    0.0 as expected,
    'largest gap, over the attributed needs, between what a place makes (or needs) and its flows, as a share of all' as message
from attribution_models
where status = 'used'
having count(*) > 0
