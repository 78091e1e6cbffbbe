-- The app_id of the application that a key, given by its hash, belongs to.
SELECT app_id FROM applications WHERE api_key_hash = %(key_hash)s
 UNION ALL
SELECT app_id FROM applications JOIN api_keys ON api_keys.application_id = applications.id
 WHERE key_hash = %(key_hash)s AND is_active
 LIMIT 1
