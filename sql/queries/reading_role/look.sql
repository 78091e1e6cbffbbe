-- What a health check asks about the role that reads: its limit in seconds (0: none) and the tables it could write to.
SELECT current_user AS name,
       pg_is_in_recovery() AS on_a_replica,
       (SELECT setting::float8 / 1000 FROM pg_settings WHERE name = 'statement_timeout') AS statement_timeout,
       ARRAY(SELECT tables.relname::text
               FROM pg_class AS tables
               JOIN pg_class AS hits ON hits.oid = to_regclass('access_logs') AND hits.relnamespace = tables.relnamespace
              WHERE tables.relkind IN ('r', 'p') AND NOT tables.relispartition
                AND has_table_privilege(tables.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
              ORDER BY tables.relname) AS writable
