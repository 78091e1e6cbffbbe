-- Note that the rows of a month are about to come back, into tables that nobody may drop from now on.
UPDATE archived_months SET restored_at = clock_timestamp() WHERE month = %(month)s AND dropped_at IS NOT NULL
