-- Take hits that were erased out of the statistics of a day, which this transaction has locked and folded. Hour -1 is
-- the day itself. What is left of unique numbers was found out before; here it is only subtracted.
WITH periods AS (
    SELECT hour, requests, visitors, sessions
    FROM jsonb_to_recordset(%(periods)s::jsonb)
        AS given (hour SMALLINT, requests BIGINT, visitors BIGINT, sessions BIGINT)
),
texts_by_hour AS (
    SELECT hour, key, text, count
    FROM jsonb_to_recordset(%(texts)s::jsonb) AS given (hour SMALLINT, key TEXT, text TEXT, count BIGINT)
),
texts AS (
    SELECT hour, key, text, count FROM texts_by_hour
    UNION ALL
    SELECT -1::smallint, key, text, sum(count) FROM texts_by_hour GROUP BY key, text
),
before AS (
    SELECT hour::smallint AS hour, key, stat
    FROM hourly_statistics, jsonb_each(custom_param_stats) AS each (key, stat)
    WHERE application_id = %(application_id)s AND date = %(date)s
    UNION ALL
    SELECT -1::smallint, key, stat
    FROM daily_statistics, jsonb_each(custom_param_stats) AS each (key, stat)
    WHERE application_id = %(application_id)s AND date = %(date)s
),
parameters AS ( -- a period goes on with the type with which it began
    SELECT hour, key, stat, stat ->> 'type' AS type
    FROM before
    WHERE (hour, key) IN (SELECT hour, key FROM texts)
),
typed AS (
    SELECT hour, key, type, text, count FROM texts JOIN parameters USING (hour, key)
),
measured AS ( -- numbers; objects are only counted
    SELECT hour, key, sum(count) AS count, sum(number * count) AS sum, min(number) AS min, max(number) AS max
    FROM (
        SELECT *, CASE WHEN text ~ '^-?[0-9]+([.][0-9]+)?$' THEN text::numeric END AS number
        FROM typed
        WHERE type IN ('number', 'object')
    ) AS read
    WHERE type = 'object' OR number IS NOT NULL
    GROUP BY hour, key
),
occurrences AS ( -- values of strings and booleans, elements of arrays
    SELECT hour, key, text AS value, count
    FROM typed
    WHERE type IN ('string', 'boolean')
    UNION ALL
    SELECT hour, key, element, sum(count)
    FROM typed, statistics_elements(text) AS element
    WHERE type = 'array'
    GROUP BY hour, key, element
    UNION ALL
    SELECT hour, key, NULL, count FROM typed WHERE type = 'array' AND text IS NULL
),
values_gone AS (
    DELETE FROM statistics_values AS kept
    USING occurrences AS less
    WHERE application_id = %(application_id)s AND date = %(date)s AND kept.hour = less.hour
        AND parameter_key = less.key AND parameter_value = less.value AND kept.count <= less.count
),
values_lowered AS (
    UPDATE statistics_values AS kept
    SET count = kept.count - less.count
    FROM occurrences AS less
    WHERE application_id = %(application_id)s AND date = %(date)s AND kept.hour = less.hour
        AND parameter_key = less.key AND parameter_value = less.value AND kept.count > less.count
),
candidates AS ( -- counts may shrink below that of any other value, so all of them are looked at
    SELECT hour, key, value, max(count) AS count
    FROM (
        SELECT kept.hour, key, parameter_value AS value, kept.count
        FROM parameters
        JOIN statistics_values AS kept ON kept.hour = parameters.hour AND parameter_key = key
        WHERE application_id = %(application_id)s AND date = %(date)s AND type IN ('string', 'boolean', 'array')
        UNION ALL
        SELECT hour, key, shown.value, shown.count
        FROM parameters, jsonb_to_recordset(stat -> 'values') AS shown (value TEXT, count BIGINT)
    ) AS known
    GROUP BY hour, key, value
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY hour, key ORDER BY count DESC, value COLLATE "C") AS rank
    FROM (
        SELECT hour, key, value, candidates.count - coalesce(less.count, 0) AS count
        FROM candidates
        LEFT JOIN occurrences AS less USING (hour, key, value)
    ) AS remaining
    WHERE count > 0
),
frequent AS (
    SELECT hour, key, sum(count) AS shown,
           jsonb_agg(jsonb_build_object('value', value, 'count', count) ORDER BY rank) AS values
    FROM ranked
    WHERE rank <= 100
    GROUP BY hour, key
),
totals AS (SELECT hour, key, sum(count) AS count FROM occurrences GROUP BY hour, key),
extreme AS ( -- parameters whose least or greatest number went
    SELECT hour, key
    FROM parameters
    JOIN measured USING (hour, key)
    WHERE %(complete)s AND type = 'number'
        AND (measured.min <= (stat ->> 'min')::numeric OR measured.max >= (stat ->> 'max')::numeric)
),
extremes AS (
    SELECT extreme.hour, key, min(number) AS min, max(number) AS max
    FROM extreme
    JOIN (
        SELECT extract(hour FROM given.created_at AT TIME ZONE 'UTC')::integer AS hour, parameter_key AS key,
               CASE WHEN parameter_value ~ '^-?[0-9]+([.][0-9]+)?$' THEN parameter_value::numeric END AS number
        FROM custom_parameter_values AS given
        JOIN access_logs AS hit ON hit.id = given.access_log_id AND hit.created_at = given.created_at
        WHERE given.application_id = %(application_id)s AND parameter_key = ANY(ARRAY(SELECT DISTINCT key FROM extreme))
            AND given.created_at >= %(start)s AND given.created_at < %(end)s
            AND hit.created_at >= %(start)s AND hit.created_at < %(end)s
            AND (client_sub_id = ANY(%(client_sub_ids)s::text[]) OR session_id = ANY(%(session_ids)s::text[])
                 OR ip_address = ANY(%(addresses)s::inet[])) IS NOT TRUE
    ) AS surviving USING (key)
    WHERE extreme.hour IN (-1, surviving.hour)
    GROUP BY extreme.hour, key
),
after AS ( -- NULL for a parameter of which nothing is left
    SELECT hour, key, CASE
        WHEN rest <= 0 THEN NULL
        WHEN shrunk IS NOT NULL THEN jsonb_build_object(
            'type', type, 'count', rest, 'values', coalesce(frequent.values, '[]'),
            'other', greatest(0, rest - coalesce(shown, 0)))
        WHEN type = 'object' THEN jsonb_build_object('type', type, 'count', rest)
        ELSE jsonb_build_object(
            'type', type, 'count', rest, 'sum', (stat ->> 'sum')::numeric - less_sum,
            'min', coalesce(extremes.min, (stat ->> 'min')::numeric),
            'max', coalesce(extremes.max, (stat ->> 'max')::numeric))
        END AS stat
    FROM (
        SELECT hour, key, type, stat, totals.count AS shrunk, measured.sum AS less_sum,
               (stat ->> 'count')::bigint - coalesce(totals.count, measured.count) AS rest
        FROM parameters
        LEFT JOIN totals USING (hour, key)
        LEFT JOIN measured USING (hour, key)
        WHERE totals.count IS NOT NULL OR measured.count IS NOT NULL
    ) AS less
    LEFT JOIN frequent USING (hour, key)
    LEFT JOIN extremes USING (hour, key)
),
changes AS (
    SELECT periods.hour, requests, visitors, sessions,
           coalesce(jsonb_object_agg(key, stat) FILTER (WHERE stat IS NOT NULL), '{}') AS stats,
           coalesce(array_agg(key) FILTER (WHERE key IS NOT NULL AND stat IS NULL), '{}') AS dropped
    FROM periods
    LEFT JOIN after USING (hour)
    GROUP BY periods.hour, requests, visitors, sessions
),
hours_gone AS (
    DELETE FROM hourly_statistics AS kept
    USING changes
    WHERE application_id = %(application_id)s AND date = %(date)s AND kept.hour = changes.hour
        AND total_requests <= requests
    RETURNING kept.hour
),
hours_lowered AS (
    UPDATE hourly_statistics AS kept
    SET total_requests = total_requests - requests,
        unique_visitors = greatest(0, unique_visitors - visitors),
        custom_param_stats = nullif(coalesce(custom_param_stats, '{}') - dropped || stats, '{}'),
        updated_at = %(now)s
    FROM changes
    WHERE application_id = %(application_id)s AND date = %(date)s AND kept.hour = changes.hour
        AND total_requests > requests
),
days_gone AS (
    DELETE FROM daily_statistics AS kept
    USING changes
    WHERE application_id = %(application_id)s AND date = %(date)s AND changes.hour = -1 AND total_requests <= requests
    RETURNING -1 AS hour
),
days_lowered AS (
    UPDATE daily_statistics AS kept
    SET total_requests = total_requests - requests,
        unique_visitors = greatest(0, unique_visitors - visitors),
        unique_sessions = greatest(0, unique_sessions - sessions),
        custom_param_stats = nullif(coalesce(custom_param_stats, '{}') - dropped || stats, '{}'),
        updated_at = %(now)s
    FROM changes
    WHERE application_id = %(application_id)s AND date = %(date)s AND changes.hour = -1 AND total_requests > requests
)
DELETE FROM statistics_periods -- nobody is told that an hour is complete in which nothing was
WHERE application_id = %(application_id)s AND date = %(date)s AND completed_at IS NULL
    AND hour IN (SELECT hour FROM hours_gone UNION SELECT hour FROM days_gone)
