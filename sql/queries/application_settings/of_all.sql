-- One setting of every application; NULL where it has none.
SELECT applications.id AS application_id, applications.app_id, application_settings.setting_value
FROM applications
LEFT JOIN application_settings
    ON application_settings.application_id = applications.id AND application_settings.setting_key = %(key)s
