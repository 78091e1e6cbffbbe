-- A member's key was replaced by another.
UPDATE members SET key_id = %(new_id)s WHERE key_id = %(old_id)s
