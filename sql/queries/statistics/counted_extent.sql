-- The first and the last day of which anything is counted or waits to be counted, of all applications.
SELECT min(first) AS first, max(last) AS last
FROM (
    SELECT min(date) AS first, max(date) AS last FROM daily_statistics
    UNION ALL
    SELECT min(date), max(date) FROM hourly_statistics
    UNION ALL
    SELECT min(date), max(date) FROM statistics_visitors
    UNION ALL
    SELECT min(date), max(date) FROM statistics_sessions
    UNION ALL
    SELECT min(date), max(date) FROM statistics_values
    UNION ALL
    SELECT min(date), max(date) FROM statistics_increments
) AS tables
