-- The settings that an application has of its own, by key.
SELECT setting_key, setting_value, created_at, updated_at
  FROM application_settings
 WHERE application_id = %(application_id)s
 ORDER BY setting_key
