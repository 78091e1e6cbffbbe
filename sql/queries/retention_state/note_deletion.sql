-- Note the time by which is deleted now, where it is another hour than was noted last.
INSERT INTO retention_state AS known (deleted_as_of) VALUES (%(time)s)
ON CONFLICT (only_row) DO UPDATE SET deleted_as_of = excluded.deleted_as_of
WHERE known.deleted_as_of NOT BETWEEN excluded.deleted_as_of - interval '1 hour' AND excluded.deleted_as_of
