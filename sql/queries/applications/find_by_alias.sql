-- The application that each name is an alias of: its app_id, or else one of its aliases; a deleted one last.
SELECT given.name, app_id
  FROM unnest(%(names)s::TEXT[]) AS given (name)
 CROSS JOIN LATERAL (
    SELECT app_id, deleted_at, created_at, FALSE AS is_alias
      FROM applications WHERE app_id = given.name
     UNION ALL
    SELECT app_id, deleted_at, applications.created_at, TRUE
      FROM application_settings JOIN applications ON applications.id = application_id
     WHERE setting_key = 'aliases' AND string_to_array(setting_value, ',') @> ARRAY[lower(given.name)]
     ORDER BY deleted_at NULLS FIRST, is_alias, created_at
     LIMIT 1) AS called_so
