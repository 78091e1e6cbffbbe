-- Hold an application's files until the transaction ends, if nobody changes them: whoever waited for that would have all
-- who come to change some wait behind.
SELECT pg_try_advisory_xact_lock(hashtextextended('facts_tallies ' || %(application_id)s::uuid, 0)) AS is_held
