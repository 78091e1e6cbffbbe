-- How many different visitors some days had together and each of their months; and the sum of the days' own numbers, which
-- shows whether all of these days are still remembered.
WITH seen AS (
    SELECT visitor, date_trunc('month', date)::date AS month, count(*) AS days
    FROM statistics_visitors
    WHERE date = ANY(%(dates)s) AND application_id = %(application_id)s
    GROUP BY visitor, month
)
SELECT month, count(*) AS different, sum(days)::bigint AS together
FROM seen
GROUP BY month
UNION ALL
SELECT NULL, count(DISTINCT visitor), coalesce(sum(days), 0)::bigint
FROM seen
