-- The statistics of the defined parameters of those hits of an application that have some custom parameters.
WITH hits AS MATERIALIZED (
    SELECT id, created_at
    FROM access_logs
    WHERE custom_params @> %(filter)s::jsonb
      AND application_id = %(application_id)s AND app_id = %(app_id)s
      AND created_at >= %(start)s AND created_at < %(end)s
),
texts AS (
    SELECT parameter_key AS key, parameter_value AS text, count(*) AS count
    FROM hits
    JOIN custom_parameter_values AS given ON given.access_log_id = hits.id AND given.created_at = hits.created_at
    WHERE given.created_at >= %(start)s AND given.created_at < %(end)s
    GROUP BY parameter_key, parameter_value
),
typed AS (
    SELECT key, text, count, coalesce(parameter_type, 'string') AS type
    FROM texts
    LEFT JOIN custom_parameter_definitions AS definition
        ON definition.application_id = %(application_id)s AND definition.parameter_key = texts.key
),
measured AS (
    SELECT key, type, sum(count) AS count, sum(number * count) AS sum, min(number) AS min, max(number) AS max
    FROM (
        SELECT *, CASE WHEN text ~ '^-?[0-9]+([.][0-9]+)?$' THEN text::numeric END AS number
        FROM typed
        WHERE type IN ('number', 'object')
    ) AS read
    WHERE type = 'object' OR number IS NOT NULL
    GROUP BY key, type
),
ranked AS (
    SELECT key, type, value, sum(count) AS count,
           row_number() OVER (PARTITION BY key ORDER BY value IS NULL, sum(count) DESC, value COLLATE "C") AS rank
    FROM (
        SELECT key, type, text AS value, count FROM typed WHERE type IN ('string', 'boolean')
        UNION ALL
        SELECT key, type, element, count FROM typed, statistics_elements(text) AS element WHERE type = 'array'
        UNION ALL
        SELECT key, type, NULL, count FROM typed WHERE type = 'array' AND text IS NULL
    ) AS occurrences
    GROUP BY key, type, value
)
SELECT key, type, jsonb_build_object(
    'type', type, 'count', sum(count), 'exact', true,
    'values', coalesce(
        jsonb_agg(jsonb_build_object('value', value, 'count', count) ORDER BY rank)
            FILTER (WHERE rank <= 100 AND value IS NOT NULL),
        '[]'),
    'other', coalesce(sum(count) FILTER (WHERE rank > 100 OR value IS NULL), 0)) AS stat
FROM ranked
GROUP BY key, type
UNION ALL
SELECT key, type, jsonb_build_object('type', type, 'count', count)
    || CASE
           WHEN type = 'object' THEN '{}'
           ELSE jsonb_build_object('sum', sum, 'min', min, 'max', max, 'mean', sum / count)
       END
FROM measured
ORDER BY key
