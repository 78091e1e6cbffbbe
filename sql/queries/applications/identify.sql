-- By what rows name an application, a deleted one too: all that reading may know of it.
SELECT id, app_id FROM applications WHERE app_id = %(app_id)s
