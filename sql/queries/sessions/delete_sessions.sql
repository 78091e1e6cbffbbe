-- Delete sessions of an application, a few at once.
DELETE FROM sessions
WHERE id IN (SELECT id FROM sessions WHERE app_id = %(app_id)s AND application_id = %(application_id)s LIMIT %(limit)s)
