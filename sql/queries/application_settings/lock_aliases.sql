-- Keeps others from giving aliases until the transaction ends, so that no two applications take the same one.
SELECT pg_advisory_xact_lock(hashtext('tracker aliases'))
