-- The sample's commuters are invented: what a model finds of them says nothing of France.
select
    least(min(common_part), 0.89) as observed,
    0.89 as expected,
    'part of the commuters who leave their EPCI that the gravity in use finds, in the région where it finds least ('
        || round(min(common_part), 3) || '); 0.89 is what gravity reaches in Île-de-France in 2014' as message
from backtest
where
    scope = 'external' and choice = 'used'
    and not exists (select * from sources where source_id = 'insee_commuting' and layout = 'synthetic')
having count(*) > 0
