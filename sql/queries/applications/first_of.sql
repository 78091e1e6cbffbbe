-- What is known of an application's first key beside its hash.
SELECT created_at, api_key_last_used_at AS last_used_at FROM applications WHERE id = %(application_id)s
