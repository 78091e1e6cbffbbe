-- Ends the use of a key. The row stays, so that it can be told later that there was such a key.
UPDATE api_keys SET is_active = false
 WHERE application_id = %(application_id)s AND id = %(id)s AND is_active
