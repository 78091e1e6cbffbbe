-- Stop working on an erasure, so that another may go on at once.
UPDATE erasures SET leased_until = NULL, leased_by = NULL WHERE id = %(id)s AND leased_by = %(owner)s
