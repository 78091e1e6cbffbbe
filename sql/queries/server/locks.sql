-- What a statement on all months locks at once (tables and indexes), and how many locks the server has room for.
WITH tables AS (
    SELECT relid FROM pg_partition_tree(to_regclass('access_logs'))
    UNION ALL
    SELECT relid FROM pg_partition_tree(to_regclass('custom_parameter_values'))
)
SELECT (SELECT count(*) FROM tables) + (SELECT count(*) FROM pg_index JOIN tables ON relid = indrelid) AS needed,
       current_setting('max_locks_per_transaction')::bigint AS per_transaction,
       current_setting('max_locks_per_transaction')::bigint
       * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint) AS room
