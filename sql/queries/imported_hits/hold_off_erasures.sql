-- Held by whoever writes hits that stand in no queue, until its transaction ends: an erasure looks for them afterwards.
SELECT pg_advisory_xact_lock_shared(hashtext('tracker imported hits'))
