-- Note that a person is in no file any more.
UPDATE archive_erasures SET done_at = clock_timestamp() WHERE erasure_id = %(erasure_id)s
