-- Forget what is counted of one day of an application, so that it can be counted anew.
WITH hours AS (
    DELETE FROM hourly_statistics WHERE application_id = %(application_id)s AND date = %(date)s
),
days AS (
    DELETE FROM daily_statistics WHERE application_id = %(application_id)s AND date = %(date)s
),
visitors AS (
    DELETE FROM statistics_visitors WHERE application_id = %(application_id)s AND date = %(date)s
),
sessions AS (
    DELETE FROM statistics_sessions WHERE application_id = %(application_id)s AND date = %(date)s
)
DELETE FROM statistics_values WHERE application_id = %(application_id)s AND date = %(date)s
