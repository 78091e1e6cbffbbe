-- One hit of an application, whichever, if there is any.
SELECT created_at, url FROM access_logs WHERE application_id = %(application_id)s AND app_id = %(app_id)s LIMIT 1
