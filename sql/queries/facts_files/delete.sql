-- Forget files that are gone from the disk.
DELETE FROM facts_files WHERE id = ANY(%(ids)s)
