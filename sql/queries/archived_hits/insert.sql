-- Add a file with all columns of the hits of some hours.
INSERT INTO archived_hits (
    application_id, date, first_hour, last_hour, name, hits, bytes, checksum, rows_checksum, restored_at
)
VALUES (%(application_id)s, %(date)s, %(first_hour)s, %(last_hour)s, %(name)s, %(hits)s, %(bytes)s, %(checksum)s,
        %(rows_checksum)s, CASE WHEN %(is_restored)s THEN clock_timestamp() END)
