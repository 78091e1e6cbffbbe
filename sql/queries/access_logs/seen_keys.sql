-- What keys of custom parameters the latest hits of an application carry: in how many hits, how many different values,
-- and how often as which type of JSON.
WITH hits AS MATERIALIZED (
    SELECT custom_params
    FROM access_logs
    WHERE application_id = %(application_id)s AND app_id = %(app_id)s
      AND created_at >= %(start)s AND created_at < %(end)s
    ORDER BY created_at DESC
    LIMIT %(limit)s
),
given AS (
    SELECT key, value, jsonb_typeof(value) AS type, count(*) AS count
    FROM hits, jsonb_each(CASE WHEN jsonb_typeof(custom_params) = 'object' THEN custom_params END) AS each (key, value)
    GROUP BY key, value
),
types AS (
    SELECT key, jsonb_object_agg(type, count) AS types
    FROM (SELECT key, type, sum(count) AS count FROM given GROUP BY key, type) AS by_type
    GROUP BY key
),
keys AS (SELECT key, sum(count)::bigint AS hits, count(*) AS different FROM given GROUP BY key)
SELECT (SELECT count(*) FROM hits) AS looked_at,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'key', key, 'hits', hits, 'different', different, 'types', types) ORDER BY hits DESC, key COLLATE "C"), '[]')
        FROM keys JOIN types USING (key)) AS keys
