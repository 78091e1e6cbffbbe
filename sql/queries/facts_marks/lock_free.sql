-- Hold those of some days of applications of which nobody else makes facts, until the transaction ends, and the tallies
-- that go with these days: two who took the tallies of the same applications away, each in an order of its own, would end in
-- a deadlock. Of a tally that somebody else holds no day is held.
WITH day AS MATERIALIZED (
    SELECT * FROM unnest(%(application_ids)s::uuid[], %(dates)s::date[]) AS day (application_id, date)
),
held AS MATERIALIZED (
    SELECT application_id, first_date, last_date FROM facts_tallies
    WHERE EXISTS (
        SELECT FROM day WHERE day.application_id = facts_tallies.application_id AND date BETWEEN first_date AND last_date
    )
    FOR UPDATE SKIP LOCKED
)
SELECT application_id, date
FROM day
WHERE CASE
    WHEN EXISTS (
        SELECT FROM facts_tallies
        WHERE facts_tallies.application_id = day.application_id AND date BETWEEN first_date AND last_date
    ) AND NOT EXISTS (SELECT FROM held WHERE held.application_id = day.application_id) THEN false
    ELSE pg_try_advisory_xact_lock(hashtextextended('facts ' || application_id || ' ' || date, 0))
END
