-- Every partition of the two tables by month, with its bounds as PostgreSQL writes them (UTC).
SELECT parent.relname AS table_name,
       child.relname AS partition_name,
       pg_get_expr(child.relpartbound, child.oid) AS bounds,
       inhdetachpending AS half_detached,
       greatest(child.reltuples, 0)::BIGINT AS rows_estimate,
       pg_total_relation_size(child.oid) AS bytes
  FROM pg_inherits
  JOIN pg_class AS parent ON parent.oid = inhparent
  JOIN pg_class AS child ON child.oid = inhrelid
 WHERE inhparent IN ('access_logs'::REGCLASS, 'custom_parameter_values'::REGCLASS)
 ORDER BY partition_name
