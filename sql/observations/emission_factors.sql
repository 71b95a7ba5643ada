-- The emission factors in use: the total of an element, and the part of it that burns on the way.
with
valid as (
    select *
    from ademe_base_carbone
    where element_type = 'Facteur d''émission' and status like 'Valide%'
),

scopes as (
    select element_id, 'full' as scope, any_value(total) as value
    from valid
    where line_type = 'Elément'
    group by element_id
    union all
    select element_id, 'ttw', sum(total)
    from valid
    where line_type = 'Poste' and part_type = 'Combustion'
    group by element_id
)

select
    used.factor,
    scopes.scope,
    scopes.value,
    element.unit_fr as unit,
    element.uncertainty_percent,
    used.element_id,
    used.label_fr,
    used.label_en,
    element.status,
    'ademe_base_carbone' as source_id
from factor_catalogue as used
inner join scopes using (element_id)
inner join valid as element on used.element_id = element.element_id and element.line_type = 'Elément'
