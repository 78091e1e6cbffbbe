-- Lets a key end at a time, unless it ends before that anyway.
UPDATE api_keys SET expires_at = least(expires_at, now() + make_interval(secs => %(seconds)s))
 WHERE application_id = %(application_id)s AND id = %(id)s
