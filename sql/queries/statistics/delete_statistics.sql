-- Delete all that is counted or waits to be counted of one day of an application; its numbers too.
WITH increments AS (
    DELETE FROM statistics_increments WHERE application_id = %(application_id)s AND date = %(date)s
),
hours AS (
    DELETE FROM hourly_statistics WHERE application_id = %(application_id)s AND date = %(date)s
),
days AS (
    DELETE FROM daily_statistics WHERE application_id = %(application_id)s AND date = %(date)s RETURNING id
),
visitors AS (
    DELETE FROM statistics_visitors WHERE application_id = %(application_id)s AND date = %(date)s
),
sessions AS (
    DELETE FROM statistics_sessions WHERE application_id = %(application_id)s AND date = %(date)s
),
parameters AS (
    DELETE FROM statistics_values WHERE application_id = %(application_id)s AND date = %(date)s
)
SELECT count(*) AS days FROM days
