-- A file of a log is going to be read.
INSERT INTO import_runs (import_id, file, started_at)
VALUES (%(import_id)s, %(file)s, %(started_at)s)
RETURNING id
