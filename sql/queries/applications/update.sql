-- Changes the columns that the JSON object names, null included, and leaves the others.
UPDATE applications
   SET name = CASE WHEN changes ? 'name' THEN changes ->> 'name' ELSE name END,
       description = CASE WHEN changes ? 'description' THEN changes ->> 'description' ELSE description END,
       domain = CASE WHEN changes ? 'domain' THEN changes ->> 'domain' ELSE domain END,
       api_key_hash = CASE WHEN changes ? 'api_key_hash' THEN changes ->> 'api_key_hash' ELSE api_key_hash END,
       api_key_last_used_at = CASE WHEN NOT changes ? 'api_key_hash' THEN api_key_last_used_at END,
       status = CASE WHEN changes ? 'status' THEN changes ->> 'status' ELSE status END,
       rate_limit_per_minute = CASE WHEN changes ? 'rate_limit_per_minute'
           THEN (changes ->> 'rate_limit_per_minute')::INTEGER ELSE rate_limit_per_minute END,
       deleted_at = CASE WHEN changes ? 'deleted_at'
           THEN (changes ->> 'deleted_at')::TIMESTAMPTZ ELSE deleted_at END,
       updated_at = now()
  FROM (SELECT %(changes)s::JSONB AS changes) AS wanted
 WHERE app_id = %(app_id)s
