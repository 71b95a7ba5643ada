-- What every source says of its communes (or EPCI), on its own codes. A source adds its query, and a line here.
select 'insee_comparateur' as source_id, * from insee_comparateur_measures
union all by name
select 'insee_housing' as source_id, * from insee_housing_measures
union all by name
select 'insee_income' as source_id, * from insee_income_measures
union all by name
select 'insee_tourism_capacity' as source_id, * from insee_tourism_capacity_measures
union all by name
select 'insee_commuting_detail' as source_id, * from insee_commuting_detail_measures
union all by name
select 'lovac' as source_id, * from lovac_measures
union all by name
select 'sitadel' as source_id, * from sitadel_measures
union all by name
select 'cerema_land_take' as source_id, * from cerema_land_take_measures
union all by name
select 'aldo_land_cover' as source_id, * from aldo_land_cover_measures
union all by name
select 'aldo_forest_area' as source_id, * from aldo_forest_area_measures
union all by name
select 'aldo_forest_stock' as source_id, * from aldo_forest_stock_measures
union all by name
select 'aldo_wood_harvest' as source_id, * from aldo_wood_harvest_measures
union all by name
select 'agreste_ra2020' as source_id, * from agreste_ra2020_measures
union all by name
select 'agence_bio' as source_id, * from agence_bio_measures
union all by name
select 'bnpe_withdrawals' as source_id, * from bnpe_withdrawals_measures
union all by name
select 'odre_electricity_registry' as source_id, * from odre_electricity_registry_measures
union all by name
select 'ore_consumption' as source_id, * from ore_consumption_measures
union all by name
select 'sdes_heat_networks' as source_id, * from sdes_heat_networks_measures
union all by name
select 'bnac_cycling' as source_id, * from bnac_cycling_measures
union all by name
select 'rpc_carpool' as source_id, * from rpc_carpool_measures
