-- Changes what a further key is called, what it may, and until when.
UPDATE api_keys SET name = %(name)s, permissions = %(permissions)s, expires_at = %(expires_at)s
 WHERE application_id = %(application_id)s AND id = %(id)s
