-- Which database this session works with. A copy keeps the id and has another oid, or another server.
SELECT id, queue_id, current_database()::text AS name,
       (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS oid,
       pg_postmaster_start_time() AS server_started_at,
       has_function_privilege('pg_control_system()', 'EXECUTE') AS may_know_server
  FROM instance
