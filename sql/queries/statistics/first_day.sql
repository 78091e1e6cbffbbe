-- The first day that has statistics or raw rows.
SELECT least(
    (SELECT min(date) FROM daily_statistics),
    (SELECT (min(created_at) AT TIME ZONE 'UTC')::date FROM access_logs)
) AS date
