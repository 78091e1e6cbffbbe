-- Takes saved filters away.
DELETE FROM segments
 WHERE application_id = %(application_id)s AND id = %(id)s
