-- Applications by app_id, deleted ones too, with their settings, usable keys and defined parameters, for the snapshots
-- that receivers and workers keep.
SELECT applications.id, app_id, status, deleted_at IS NOT NULL AS deleted, rate_limit_per_minute, domain,
       api_key_hash, settings, keys, parameters
  FROM applications
 CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_object_agg(setting_key, setting_value), '{}') AS settings
      FROM application_settings WHERE application_id = applications.id) AS its_settings
 CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'id', usable.id, 'key_hash', key_hash, 'permissions', permissions,
               'expires_at', extract(epoch FROM expiry)) ORDER BY usable.created_at, usable.id), '[]') AS keys
      FROM api_keys AS usable
      -- 'infinity', which somebody may have written by hand, has no JSON and would fail for every application asked for.
     CROSS JOIN LATERAL (
        SELECT CASE WHEN expires_at IS NOT NULL
                    THEN greatest('2000-01-01 00:00+00', least(expires_at, '9999-01-01 00:00+00')) END AS expiry
     ) AS bounded
     WHERE application_id = applications.id AND is_active) AS its_keys
 CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(parameter_key ORDER BY parameter_key), '[]') AS parameters
      FROM custom_parameter_definitions WHERE application_id = applications.id) AS its_parameters
 WHERE app_id = ANY(%(app_ids)s::TEXT[])
