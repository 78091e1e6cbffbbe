-- The application that each key, given by its hash, belongs to.
SELECT given.key_hash, app_id
  FROM unnest(%(key_hashes)s::TEXT[]) AS given (key_hash)
 CROSS JOIN LATERAL (
    SELECT app_id FROM applications WHERE api_key_hash = given.key_hash
     UNION ALL
    SELECT app_id FROM applications JOIN api_keys ON api_keys.application_id = applications.id
     WHERE api_keys.key_hash = given.key_hash AND is_active
     LIMIT 1) AS owner
