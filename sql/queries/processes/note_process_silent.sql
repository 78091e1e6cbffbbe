-- Forget who has said nothing for long; what another is just forgetting is left to it.
DELETE FROM processes
 WHERE name IN (SELECT name FROM processes
                 WHERE seen_at < clock_timestamp() - INTERVAL '10 minutes' FOR UPDATE SKIP LOCKED)
