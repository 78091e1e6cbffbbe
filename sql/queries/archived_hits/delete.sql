-- Forget files that are gone from the disk.
DELETE FROM archived_hits WHERE id = ANY(%(ids)s)
