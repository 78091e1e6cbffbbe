-- What a role (by default the session's own) may not read of what statistics, sessions and exports are made from, and
-- the statement that gives it; no row for a role that there is not. Partitions are read through their parents.
SELECT wanted.name, format('GRANT SELECT %%s ON %%I TO %%I', '(' || list || ')', wanted.name, rolname) AS statement
  FROM (VALUES
        ('access_logs', NULL),
        ('applications', 'id, app_id'),
        ('batch_queue', 'status, created_at, processed_at'),
        ('custom_parameter_definitions', NULL),
        ('custom_parameter_refusals', NULL),
        ('custom_parameter_values', NULL),
        ('daily_statistics', NULL),
        ('filtered_hits', NULL),
        ('hourly_statistics', NULL),
        ('sessions', NULL),
        ('statistics_increments', 'application_id, received_at'),
        ('statistics_removals', NULL),
        ('statistics_sessions', NULL),
        ('statistics_values', NULL),
        ('statistics_visitors', NULL)
       ) AS wanted (name, list)
  JOIN pg_roles ON rolname = coalesce(%(role)s, current_user)
 WHERE CASE WHEN list IS NULL THEN NOT has_table_privilege(pg_roles.oid, wanted.name, 'SELECT')
            ELSE EXISTS (SELECT FROM unnest(string_to_array(list, ', ')) AS single (name)
                          WHERE NOT has_column_privilege(pg_roles.oid, wanted.name, single.name, 'SELECT'))
       END
 ORDER BY wanted.name
