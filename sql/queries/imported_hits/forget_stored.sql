-- Forget hits that are gone.
DELETE FROM imported_hits WHERE id = ANY(%(ids)s)
