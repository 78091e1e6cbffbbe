-- Files that were taken out of the archive, and may still be on the disk.
SELECT id, name FROM archived_hits WHERE replaced_at IS NOT NULL ORDER BY id LIMIT %(limit)s
