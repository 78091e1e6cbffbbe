-- What this session's role may not do with the product's tables that deploy/postgres/roles.sql lets tracker_app do: on
-- what, which privileges, and the statement that gives them. No row where there are no tables.
WITH home AS (
    SELECT nspname, relnamespace
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relname = 'access_logs' AND relkind = 'p'
     ORDER BY relnamespace = to_regnamespace(current_schema()) DESC NULLS LAST
     LIMIT 1
),
wanted AS (
    SELECT 1 AS place, format('the schema %%I', nspname) AS name, format('USAGE ON SCHEMA %%I', nspname) AS what,
           CASE WHEN NOT has_schema_privilege(relnamespace, 'USAGE') THEN 'USAGE' END AS missing
      FROM home
    UNION ALL
    SELECT 2, pg_class.relname, format('SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %%I', nspname),
           (SELECT string_agg(privilege, ', ' ORDER BY place)
              FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) WITH ORDINALITY AS each (privilege, place)
             WHERE NOT has_table_privilege(pg_class.oid, privilege)
               AND (privilege = 'SELECT' OR relname <> 'alembic_version'))
      FROM home JOIN pg_class USING (relnamespace)
     WHERE relkind IN ('r', 'p') AND relname = ANY(%(tables)s)
    UNION ALL
    SELECT 3, pg_class.relname, format('USAGE ON ALL SEQUENCES IN SCHEMA %%I', nspname),
           CASE WHEN pg_class.relkind <> 'S' THEN NULL -- PostgreSQL may ask this before it looks which are sequences
                WHEN NOT has_sequence_privilege(pg_class.oid, 'USAGE') THEN 'USAGE' END
      FROM home JOIN pg_class USING (relnamespace)
           JOIN pg_depend ON objid = pg_class.oid AND classid = 'pg_class'::regclass AND deptype IN ('a', 'i')
           JOIN pg_class AS tables ON tables.oid = refobjid AND tables.relname = ANY(%(tables)s)
     WHERE pg_class.relkind = 'S'
)
SELECT current_user AS role, name, missing, format('GRANT %%s TO %%I', what, current_user) AS statement
  FROM wanted
 WHERE missing IS NOT NULL
 ORDER BY place, name
