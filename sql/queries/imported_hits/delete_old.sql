-- Forget some of the hits whose months are gone.
DELETE FROM imported_hits
WHERE id IN (SELECT id FROM imported_hits WHERE last_at < %(before)s ORDER BY last_at LIMIT %(limit)s)
