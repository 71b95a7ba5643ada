select
    max(margin_error) as observed,
    0.0 as expected,
    'largest gap between what a place makes (or needs) and its flows, as a share of the whole' as message
from attribution_models
where status = 'used'
having count(*) > 0
