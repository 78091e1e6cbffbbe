-- Which tables there are already in the schema that migrations would make theirs in, and elsewhere those of these names.
SELECT nspname::text AS schema, relname::text AS name, nspname = current_schema() AS is_here
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
 WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition
   AND nspname NOT LIKE 'pg!_%%' ESCAPE '!' AND nspname <> 'information_schema'
 ORDER BY schema, name
