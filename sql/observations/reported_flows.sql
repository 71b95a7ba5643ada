-- The flows of people as the census files count them, on their own codes: from where residents live to where
-- they work, study, or lived a year before.
select 'insee_commuting' as source_id, residence_code, workplace_code as other_code, workplace_name as other_name,
    workers as people
from insee_commuting
union all
select 'insee_school_commuting', residence_code, study_code, study_name, pupils
from insee_school_commuting
union all
select 'insee_residential_moves', residence_code, previous_code, previous_name, people
from insee_residential_moves
