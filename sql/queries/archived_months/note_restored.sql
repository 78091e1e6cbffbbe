-- Note that the rows of a month are in PostgreSQL again, and forget the files that they came from.
WITH days AS (
    DELETE FROM archived_days WHERE date >= %(month)s::date AND date < %(month)s::date + INTERVAL '1 month'
), files AS (
    UPDATE archived_hits SET replaced_at = clock_timestamp()
    WHERE date >= %(month)s::date AND date < %(month)s::date + INTERVAL '1 month' AND replaced_at IS NULL
)
UPDATE archived_months SET dropped_at = NULL, restored_at = clock_timestamp() WHERE month = %(month)s
