-- How many different sessions some days had together and each of their months; and the sum of the days' own numbers, which
-- shows whether all of these days are still remembered.
WITH seen AS (
    SELECT session, date_trunc('month', date)::date AS month, count(*) AS days
    FROM statistics_sessions
    WHERE date = ANY(%(dates)s) AND application_id = %(application_id)s
    GROUP BY session, month
)
SELECT month, count(*) AS different, sum(days)::bigint AS together
FROM seen
GROUP BY month
UNION ALL
SELECT NULL, count(DISTINCT session), coalesce(sum(days), 0)::bigint
FROM seen
