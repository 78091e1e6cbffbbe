-- What a health check asks of the server and of this session.
SELECT current_setting('server_version_num')::INTEGER AS version_number,
       current_setting('server_encoding') AS encoding,
       current_setting('TimeZone') AS time_zone,
       pg_is_in_recovery() AS in_recovery,
       clock_timestamp() AS clock,
       to_regclass('alembic_version') IS NOT NULL AS migrated,
       pg_database_size(current_database()) AS bytes,
       current_setting('max_connections')::INTEGER AS connections_allowed,
       current_setting('fsync')::BOOLEAN AS fsync,
       current_setting('synchronous_commit') AS synchronous_commit,
       current_user AS role,
       -- Whether this session may do what takes the owner of the tables; null where there are none.
       (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('access_logs')) AS owns_tables,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections_open,
       -- Only for who may know it, and only where the server shares this machine.
       (SELECT setting FROM pg_settings WHERE name = 'data_directory' AND inet_server_addr() IS NULL) AS data_folder
