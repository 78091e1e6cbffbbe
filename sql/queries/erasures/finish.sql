-- An erasure is done: what is left of it is the receipt.
UPDATE erasures
SET state = 'done', identifiers = NULL, notes = notes || %(notes)s::jsonb, finished_at = %(now)s, leased_until = NULL, leased_by = NULL
WHERE id = %(id)s AND leased_by = %(owner)s
