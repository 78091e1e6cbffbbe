-- A member's key was replaced by another. It counts until its grace ends, so that it is not forgotten.
UPDATE members SET key_id = %(new_id)s, replaced_key_ids = replaced_key_ids || %(old_id)s::UUID WHERE key_id = %(old_id)s
