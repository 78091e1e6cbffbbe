-- Up to where the write-ahead log of a primary goes; nothing of a server that is none.
SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn()::text END AS position
