-- Takes a goal away.
DELETE FROM goals
 WHERE application_id = %(application_id)s AND id = %(id)s
