-- A key was replaced by another, which has its member and the invitations that wait from then on. The old one counts
-- until its grace ends, so that it is not forgotten.
UPDATE members
   SET key_id = CASE WHEN key_id = %(old_id)s THEN %(new_id)s ELSE key_id END,
       replaced_key_ids = CASE
           WHEN key_id = %(old_id)s THEN replaced_key_ids || %(old_id)s::UUID ELSE replaced_key_ids
       END,
       invited_by_key_id = CASE
           WHEN invited_by_key_id = %(old_id)s AND token_hash IS NOT NULL THEN %(new_id)s ELSE invited_by_key_id
       END
 WHERE application_id = %(application_id)s
   AND (key_id = %(old_id)s OR (invited_by_key_id = %(old_id)s AND token_hash IS NOT NULL))
