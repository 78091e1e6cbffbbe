-- Uses an invitation up.
UPDATE members
   SET key_id = %(key_id)s, token_hash = NULL
 WHERE id = %(id)s AND token_hash IS NOT NULL
