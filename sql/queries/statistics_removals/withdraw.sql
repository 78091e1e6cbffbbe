-- Withdraw what was noted of a removal that did not come about: where it still stands, what was noted earlier does again.
WITH earlier AS (
    SELECT application_id, date FROM unnest(%(application_ids)s::UUID[], %(dates)s::DATE[]) AS noted (application_id, date)
),
first_noted AS (
    DELETE FROM statistics_removals
    WHERE before = %(before)s AND application_id NOT IN (SELECT application_id FROM earlier)
)
UPDATE statistics_removals AS known
SET before = date
FROM earlier
WHERE known.application_id = earlier.application_id AND known.before = %(before)s
