-- The latest file of an application.
SELECT max(id) AS id FROM facts_files WHERE application_id = %(application_id)s
