-- Electricity injected and capacity by kind. An energy that is not given is a secret: the sum has no upper
-- bound. Storage gives back what it took, and is left out.
with
kinds(kind, id, is_renewable) as (
    values
        ('solaire', 'solar', true), ('eolien', 'wind', true), ('hydraulique', 'hydro', true),
        ('bioenergies', 'bioenergy', true), ('thermique non renouvelable', 'thermal', false),
        ('nucleaire', 'nuclear', false), ('geothermie', 'geothermal', true), ('energies marines', 'marine', true)
),

listed as (
    select
        registry.commune_code as source_code,
        kinds.id as kind,
        coalesce(kinds.is_renewable, false) as is_renewable,
        registry.energy_injected_kwh / 1000 as mwh,
        registry.capacity_kw
    from odre_electricity_registry as registry
    left join kinds on lower(strip_accents(registry.filiere)) = kinds.kind
    where registry.commune_code is not null and registry.filiere not ilike 'stockage%'
),

produced as (
    select source_code, 'electricity_production' as measure, mwh from listed
    union all
    select source_code, 'electricity_production_without_nuclear', mwh from listed where kind is distinct from 'nuclear'
    union all
    select source_code, 'electricity_production_renewable', mwh from listed where is_renewable
    union all
    select source_code, 'electricity_production_' || kind, mwh
    from listed
    where kind in ('solar', 'wind', 'hydro', 'bioenergy', 'thermal', 'nuclear')
),

sums as (
    select
        source_code,
        measure,
        exact_sum(mwh) as value,
        case when count(mwh) < count(*) then coalesce(exact_sum(mwh), 0) end as low
    from produced
    group by source_code, measure
    union all
    select source_code, 'electricity_capacity_' || kind, exact_sum(capacity_kw), null
    from listed
    where kind in ('solar', 'wind', 'hydro', 'bioenergy', 'thermal', 'nuclear')
    group by source_code, kind
)

select sums.source_code, sums.measure, sources.year, sums.value, sums.low, cast(null as double) as high
from sums
inner join sources on sources.source_id = 'odre_electricity_registry'
