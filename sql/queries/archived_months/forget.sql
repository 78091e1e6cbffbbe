-- Forget a month, and what was noted of its days.
WITH days AS (
    DELETE FROM archived_days WHERE date >= %(month)s::date AND date < %(month)s::date + INTERVAL '1 month'
), files AS (
    UPDATE archived_hits SET replaced_at = clock_timestamp()
    WHERE date >= %(month)s::date AND date < %(month)s::date + INTERVAL '1 month' AND replaced_at IS NULL
)
DELETE FROM archived_months WHERE month = %(month)s
