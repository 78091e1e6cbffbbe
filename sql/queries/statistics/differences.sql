-- Recount a day of an application and its hours from the raw rows, and say where the statistics differ. Nothing here
-- is shared with folding. A parameter is recounted as the type under which it was counted.
WITH hits AS MATERIALIZED (
    SELECT id, created_at, extract(hour FROM created_at AT TIME ZONE 'UTC')::integer AS hour, session_id, client_sub_id,
           CASE WHEN client_sub_id IS NULL THEN ip_address END AS ip_address,
           CASE WHEN client_sub_id IS NULL THEN user_agent END AS user_agent
    FROM access_logs
    WHERE application_id = %(application_id)s AND created_at >= %(start)s AND created_at < %(end)s
),
periods AS ( -- every hit in its hour and in its day, which is hour -1
    SELECT hour AS period, * FROM hits UNION ALL SELECT -1, * FROM hits
),
recounted AS (
    SELECT period, count(*) AS total_requests, count(DISTINCT (client_sub_id, ip_address, user_agent)) AS unique_visitors,
           CASE WHEN period < 0 THEN count(DISTINCT session_id) END AS unique_sessions
    FROM periods
    GROUP BY period
),
stored AS (
    SELECT hour AS period, total_requests, unique_visitors, NULL::bigint AS unique_sessions, custom_param_stats
    FROM hourly_statistics
    WHERE application_id = %(application_id)s AND date = %(date)s
    UNION ALL
    SELECT -1, total_requests, unique_visitors, unique_sessions, custom_param_stats
    FROM daily_statistics
    WHERE application_id = %(application_id)s AND date = %(date)s
),
stored_parameters AS (
    SELECT period, key, stat FROM stored, jsonb_each(custom_param_stats) AS each (key, stat)
),
texts AS (
    SELECT hits.hour, parameter_key AS key, parameter_value AS text, count(*) AS count
    FROM hits
    JOIN custom_parameter_values AS given
        ON given.access_log_id = hits.id AND given.created_at = hits.created_at
    WHERE given.created_at >= %(start)s AND given.created_at < %(end)s
    GROUP BY hits.hour, parameter_key, parameter_value
),
typed AS (
    SELECT texts.period, texts.key, texts.text, texts.count, coalesce(stat ->> 'type', parameter_type, 'string') AS type
    FROM (
        SELECT hour AS period, key, text, count FROM texts
        UNION ALL
        SELECT -1, key, text, sum(count) FROM texts GROUP BY key, text
    ) AS texts
    LEFT JOIN stored_parameters ON stored_parameters.period = texts.period AND stored_parameters.key = texts.key
    LEFT JOIN custom_parameter_definitions AS definition
        ON definition.application_id = %(application_id)s AND definition.parameter_key = texts.key
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY period, key ORDER BY value IS NULL, count DESC, value COLLATE "C") AS rank
    FROM (
        SELECT period, key, type, text AS value, count FROM typed WHERE type IN ('string', 'boolean')
        UNION ALL
        SELECT period, key, type, element, sum(count)
        FROM typed, statistics_elements(text) AS element
        WHERE type = 'array'
        GROUP BY period, key, type, element
        UNION ALL
        SELECT period, key, type, NULL, count FROM typed WHERE type = 'array' AND text IS NULL
    ) AS occurrences
),
recounted_parameters AS (
    SELECT period, key, jsonb_build_object(
        'type', type, 'count', sum(count),
        'other', coalesce(sum(count) FILTER (WHERE rank > 100 OR value IS NULL), 0),
        'values', coalesce(
            jsonb_agg(jsonb_build_object('value', value, 'count', count) ORDER BY rank)
                FILTER (WHERE rank <= 100 AND value IS NOT NULL),
            '[]')
    ) AS stat
    FROM ranked
    GROUP BY period, key, type
    UNION ALL
    SELECT period, key, jsonb_build_object(
        'type', type, 'count', sum(count), 'sum', sum(number * count), 'min', min(number), 'max', max(number))
    FROM (
        SELECT *, CASE WHEN text ~ '^-?[0-9]+([.][0-9]+)?$' THEN text::numeric END AS number
        FROM typed
        WHERE type = 'number'
    ) AS numbers
    WHERE number IS NOT NULL
    GROUP BY period, key, type
    UNION ALL
    SELECT period, key, jsonb_build_object('type', type, 'count', sum(count))
    FROM typed
    WHERE type = 'object'
    GROUP BY period, key, type
),
compared AS (
    SELECT period, name, stored_number::text AS stored, recounted_number::text AS recounted
    FROM stored
    FULL JOIN recounted USING (period),
    LATERAL (VALUES
        ('total_requests', stored.total_requests, recounted.total_requests),
        ('unique_visitors', stored.unique_visitors, recounted.unique_visitors),
        ('unique_sessions', stored.unique_sessions, recounted.unique_sessions)
    ) AS number (name, stored_number, recounted_number)
    WHERE stored_number IS DISTINCT FROM recounted_number
    UNION ALL
    SELECT period, 'custom_param_stats.' || key, stored_parameters.stat::text, recounted_parameters.stat::text
    FROM stored_parameters
    FULL JOIN recounted_parameters USING (period, key)
    WHERE stored_parameters.stat IS DISTINCT FROM recounted_parameters.stat
)
SELECT
    EXISTS (
        SELECT FROM statistics_increments WHERE application_id = %(application_id)s AND date = %(date)s
    ) AS waiting,
    coalesce(
        (SELECT jsonb_agg(jsonb_build_array(period, name, stored, recounted) ORDER BY period, name) FROM compared), '[]'
    ) AS differences
