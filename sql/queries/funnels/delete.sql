-- Takes a funnel away.
DELETE FROM funnels
 WHERE application_id = %(application_id)s AND id = %(id)s
