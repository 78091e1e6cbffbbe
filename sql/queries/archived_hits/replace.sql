-- Take files out of the archive: whoever writes facts removes them from the disk.
UPDATE archived_hits SET replaced_at = clock_timestamp() WHERE id = ANY(%(ids)s) AND replaced_at IS NULL
