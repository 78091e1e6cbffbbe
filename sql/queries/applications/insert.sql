-- A new application; no row comes back where its app_id is taken.
INSERT INTO applications (app_id, name, description, domain, api_key_hash, rate_limit_per_minute)
VALUES (%(app_id)s, %(name)s, %(description)s, %(domain)s, %(api_key_hash)s, %(rate_limit_per_minute)s)
    ON CONFLICT (app_id) DO NOTHING
RETURNING id
