-- An invitation.
INSERT INTO members (application_id, name, role, email, token_hash, expires_at, invited_by, invited_by_key_id)
VALUES (%(application_id)s, %(name)s, %(role)s, %(email)s, %(token_hash)s, %(expires_at)s, %(invited_by)s, %(invited_by_key_id)s)
RETURNING id
