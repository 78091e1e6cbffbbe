-- Where the database of this session lies, for a role that may not read the table.
SELECT current_database()::text AS name,
       (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS oid,
       has_function_privilege('pg_control_system()', 'EXECUTE') AS may_know_server
