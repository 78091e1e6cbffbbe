-- Note that the rows of a month go with this transaction.
UPDATE archived_months SET dropped_at = clock_timestamp(), restored_at = NULL
WHERE month = %(month)s AND dropped_at IS NULL
