-- What a statement on all months locks at once (tables and indexes), and how many locks the server has room for.
WITH tables AS (
    -- From the catalogue: pg_partition_tree would lock each.
    SELECT inhrelid AS relid FROM pg_inherits
     WHERE inhparent IN (to_regclass('access_logs'), to_regclass('custom_parameter_values'))
    UNION ALL
    VALUES (to_regclass('access_logs')::oid), (to_regclass('custom_parameter_values')::oid)
)
SELECT (SELECT count(*) FROM tables) + (SELECT count(*) FROM pg_index JOIN tables ON relid = indrelid) AS needed,
       current_setting('max_locks_per_transaction')::bigint AS per_transaction,
       current_setting('max_locks_per_transaction')::bigint
       * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint) AS room
