-- A share link.
INSERT INTO shares (application_id, name, token_hash, frame_origins, expires_at, password_hash)
VALUES (%(application_id)s, %(name)s, %(token_hash)s, %(frame_origins)s, %(expires_at)s, %(password_hash)s)
RETURNING id
