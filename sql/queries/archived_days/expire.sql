-- Take the archived days of an application before a day out of what is kept.
WITH kept AS (
    SELECT month FROM archived_months WHERE dropped_at IS NOT NULL
), facts AS (
    UPDATE facts_files SET replaced_at = clock_timestamp()
    WHERE application_id = %(application_id)s AND date < %(before)s AND replaced_at IS NULL
      AND date_trunc('month', date)::date IN (SELECT month FROM kept)
    RETURNING facts
), hits AS (
    UPDATE archived_hits SET replaced_at = clock_timestamp()
    WHERE application_id = %(application_id)s AND date < %(before)s AND replaced_at IS NULL
), days AS (
    DELETE FROM archived_days WHERE application_id = %(application_id)s AND date < %(before)s
      AND date_trunc('month', date)::date IN (SELECT month FROM kept)
)
SELECT coalesce(sum(facts), 0)::bigint AS facts FROM facts
