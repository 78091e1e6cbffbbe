-- Wait until nobody else makes facts of a day of an application, and hold it until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('facts ' || %(application_id)s::uuid || ' ' || %(date)s::date, 0))
