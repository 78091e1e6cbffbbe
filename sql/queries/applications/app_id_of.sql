-- The app_id of the application that an id or an app_id names; an id goes before.
SELECT app_id FROM applications
 WHERE id = %(id)s::UUID OR app_id = %(app_id)s
 ORDER BY id = %(id)s::UUID DESC NULLS LAST
 LIMIT 1
