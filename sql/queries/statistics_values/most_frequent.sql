-- The most frequent values of a parameter over some days together, how many values there are, and whether the counts
-- are exact: of a day whose values are forgotten, only the most frequent are left.
WITH days AS MATERIALIZED (
    SELECT date, custom_param_stats -> %(parameter_key)s AS stat
    FROM daily_statistics
    WHERE application_id = %(application_id)s AND date = ANY(%(dates)s) AND custom_param_stats ? %(parameter_key)s
),
kept AS MATERIALIZED (
    SELECT date, parameter_value AS value, count
    FROM statistics_values
    WHERE date = ANY(%(dates)s) AND application_id = %(application_id)s AND hour = -1
      AND parameter_key = %(parameter_key)s
),
forgotten AS (
    SELECT date, stat
    FROM days
    WHERE stat ? 'values' AND NOT EXISTS (SELECT FROM kept WHERE kept.date = days.date)
),
bounded AS ( -- days with more different values than were told apart
    SELECT date
    FROM days
    JOIN kept USING (date)
    WHERE stat ? 'values'
    GROUP BY date, stat
    HAVING (stat ->> 'count')::bigint > sum(count)
),
counted AS (
    SELECT value, sum(count) AS count
    FROM (
        SELECT value, count FROM kept
        UNION ALL
        SELECT shown.value, shown.count
        FROM forgotten, jsonb_to_recordset(stat -> 'values') AS shown (value text, count bigint)
    ) AS known
    GROUP BY value
)
SELECT value, count::bigint AS count, count(*) OVER () AS different,
       (SELECT count(*) FROM days) <= 1
           OR NOT EXISTS (SELECT FROM forgotten WHERE (stat ->> 'other')::bigint > 0) AND NOT EXISTS (SELECT FROM bounded)
           AS exact
FROM counted
ORDER BY count DESC, value COLLATE "C"
LIMIT %(limit)s
