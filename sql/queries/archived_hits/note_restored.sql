-- Note that the rows of a file are in PostgreSQL again; in the ledger too, in the present hour.
WITH file AS (
    UPDATE archived_hits SET restored_at = clock_timestamp() WHERE id = %(id)s RETURNING application_id, hits
)
INSERT INTO ledger_changes (application_id, hour, restored)
SELECT application_id, date_trunc('hour', now(), 'UTC'), hits FROM file
