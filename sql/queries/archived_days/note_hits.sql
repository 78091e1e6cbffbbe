-- Note that all columns of a day's hits are kept; not where they are more or fewer than its facts were.
UPDATE archived_days SET has_hits = true
WHERE application_id = %(application_id)s AND date = %(date)s AND hits = (
    SELECT coalesce(sum(hits), 0) FROM archived_hits
    WHERE application_id = %(application_id)s AND date = %(date)s AND replaced_at IS NULL
)
