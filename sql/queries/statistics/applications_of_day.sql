-- The applications that have raw rows or statistics of one day.
SELECT applications.id, app_id
FROM applications
JOIN (
    SELECT DISTINCT application_id FROM access_logs WHERE created_at >= %(start)s AND created_at < %(end)s
    UNION
    SELECT application_id FROM daily_statistics WHERE date = %(date)s
    UNION
    SELECT application_id FROM statistics_increments WHERE date = %(date)s
) AS counted ON counted.application_id = applications.id
WHERE app_id = coalesce(%(app_id)s, app_id)
ORDER BY app_id
