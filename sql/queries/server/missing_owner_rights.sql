-- What a role that is to migrate and to make months lacks: tables that are not its own, and CREATE on their schema.
WITH home AS (
    SELECT nspname, relnamespace
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE pg_class.oid = to_regclass('access_logs')
)
SELECT format('it does not own %%I', relname) AS missing
  FROM home JOIN pg_class USING (relnamespace)
 WHERE relkind IN ('r', 'p') AND NOT pg_has_role(relowner, 'USAGE') AND relname = ANY(%(tables)s)
UNION ALL
SELECT format('it may not CREATE in the schema %%I', nspname)
  FROM home
 WHERE NOT has_schema_privilege(relnamespace, 'CREATE')
 ORDER BY missing
