-- Wait for those who write hits that stand in no queue.
SELECT pg_advisory_xact_lock(hashtext('tracker imported hits'))
