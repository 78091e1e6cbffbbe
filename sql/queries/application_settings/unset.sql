-- Forgets one setting of an application, so that the default holds.
DELETE FROM application_settings
 WHERE application_id = %(application_id)s AND setting_key = %(setting_key)s
