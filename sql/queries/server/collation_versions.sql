-- By which version of its collation the database's indexes on text were built, and by which they are read now.
SELECT datcollversion AS built_by, pg_database_collation_actual_version(oid) AS read_by
  FROM pg_database WHERE datname = current_database()
