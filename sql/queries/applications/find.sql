-- Applications by app_id, deleted ones too, with their settings and usable keys, for the snapshots that
-- receivers and workers keep.
SELECT applications.id, app_id, status, deleted_at IS NOT NULL AS deleted, rate_limit_per_minute, domain,
       api_key_hash, settings, keys
  FROM applications
 CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_object_agg(setting_key, setting_value), '{}') AS settings
      FROM application_settings WHERE application_id = applications.id) AS its_settings
 CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'id', api_keys.id, 'key_hash', key_hash, 'permissions', permissions,
               'expires_at', extract(epoch FROM expires_at)) ORDER BY api_keys.created_at, api_keys.id), '[]') AS keys
      FROM api_keys
     WHERE application_id = applications.id AND is_active) AS its_keys
 WHERE app_id = ANY(%(app_ids)s::TEXT[])
