-- Takes a note away.
DELETE FROM annotations
 WHERE application_id = %(application_id)s AND id = %(id)s
RETURNING day, text
