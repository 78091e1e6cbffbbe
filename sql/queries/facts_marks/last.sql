-- The latest mark of an application.
SELECT max(id) AS id FROM facts_marks WHERE application_id = %(application_id)s
