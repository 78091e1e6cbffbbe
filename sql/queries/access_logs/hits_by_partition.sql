-- How many hits of one application each month's partition holds.
SELECT
    (SELECT relname::text FROM pg_class WHERE oid = access_logs.tableoid) AS partition,
    count(*) AS hits
FROM access_logs
WHERE application_id = %(application_id)s
GROUP BY tableoid
ORDER BY partition
