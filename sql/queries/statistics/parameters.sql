-- The statistics of an application's parameters over some days together. A value that is not among a day's most
-- frequent is in that day's "other", so that over several days the counts of values may be too low; "exact" says
-- whether they are not. A parameter has the type that it had last.
WITH stats AS MATERIALIZED (
    SELECT date, key, stat, stat ->> 'type' AS type
    FROM daily_statistics, jsonb_each(custom_param_stats) AS each (key, stat)
    WHERE application_id = %(application_id)s AND date BETWEEN %(first)s AND %(last)s
),
keys AS (
    SELECT key,
           (array_agg(type ORDER BY date DESC))[1] AS type,
           sum((stat ->> 'count')::bigint) AS count,
           sum((stat ->> 'count')::bigint) FILTER (WHERE stat ? 'values') AS listed,
           sum((stat ->> 'other')::bigint) AS other,
           count(*) AS days,
           sum((stat ->> 'sum')::numeric) AS sum,
           sum((stat ->> 'count')::bigint) FILTER (WHERE stat ? 'sum') AS numbers,
           min((stat ->> 'min')::numeric) AS min,
           max((stat ->> 'max')::numeric) AS max
    FROM stats
    GROUP BY key
),
ranked AS (
    SELECT key, value, sum(count) AS count,
           row_number() OVER (PARTITION BY key ORDER BY sum(count) DESC, value COLLATE "C") AS rank
    FROM stats, jsonb_to_recordset(stat -> 'values') AS shown (value text, count bigint)
    GROUP BY key, value
),
frequent AS (
    SELECT key, sum(count) AS shown,
           jsonb_agg(jsonb_build_object('value', value, 'count', count) ORDER BY rank) AS values
    FROM ranked
    WHERE rank <= 100
    GROUP BY key
)
SELECT key, type, jsonb_build_object('type', type, 'count', count)
    || CASE
           WHEN listed IS NULL THEN '{}'
           ELSE jsonb_build_object(
               'values', coalesce(frequent.values, '[]'), 'other', listed - coalesce(shown, 0),
               'exact', days = 1 OR coalesce(other, 0) = 0)
       END
    || CASE
           WHEN numbers IS NULL THEN '{}'
           ELSE jsonb_build_object('sum', sum, 'min', min, 'max', max, 'mean', sum / numbers)
       END AS stat
FROM keys
LEFT JOIN frequent USING (key)
ORDER BY key
