-- Wait until nobody else folds or rebuilds a day of an application, and hold it until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('statistics ' || %(application_id)s::uuid || ' ' || %(date)s::date, 0))
