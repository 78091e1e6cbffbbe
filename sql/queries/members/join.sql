-- Uses an invitation up.
UPDATE members
   SET key_id = %(key_id)s, token_hash = NULL, issuer = %(issuer)s, subject = %(subject)s
 WHERE id = %(id)s AND token_hash IS NOT NULL
