-- The number of an import of an application, by the log's name.
SELECT id FROM imports WHERE application_id = %(application_id)s AND source = %(source)s
