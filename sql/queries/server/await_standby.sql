-- Write something into the write-ahead log: a commit that has nothing there waits for no standby.
SELECT pg_logical_emit_message(TRUE, 'tracker', ''::text)
