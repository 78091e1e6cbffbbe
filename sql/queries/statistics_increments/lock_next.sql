-- The oldest increments by application and day, and whether this transaction could lock the day: whoever holds it
-- folds or rebuilds it. Days in skipped are passed over.
WITH skipped AS MATERIALIZED (
    SELECT application_id, date
    FROM unnest(%(skipped_applications)s::uuid[], %(skipped_dates)s::date[]) AS day (application_id, date)
),
oldest AS MATERIALIZED (
    SELECT id, application_id, date
    FROM statistics_increments
    WHERE (application_id, date) NOT IN (SELECT application_id, date FROM skipped)
    ORDER BY id
    LIMIT %(limit)s
),
days AS MATERIALIZED (
    SELECT application_id, date, array_agg(id) AS ids
    FROM oldest
    GROUP BY application_id, date
)
SELECT
    application_id,
    date,
    ids,
    pg_try_advisory_xact_lock(hashtextextended('statistics ' || application_id || ' ' || date, 0)) AS locked
FROM days
