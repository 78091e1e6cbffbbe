-- Puts one setting of an application.
INSERT INTO application_settings (application_id, setting_key, setting_value)
VALUES (%(application_id)s, %(setting_key)s, %(setting_value)s)
    ON CONFLICT (application_id, setting_key) DO UPDATE
   SET setting_value = excluded.setting_value, updated_at = now()
