-- Hold those of some days of applications of which nobody else makes facts, until the transaction ends.
SELECT application_id, date
FROM unnest(%(application_ids)s::uuid[], %(dates)s::date[]) AS day (application_id, date)
WHERE pg_try_advisory_xact_lock(hashtextextended('facts ' || application_id || ' ' || date, 0))
