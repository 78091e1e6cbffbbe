-- A share link.
INSERT INTO shares (application_id, name, token_hash, frame_origins)
VALUES (%(application_id)s, %(name)s, %(token_hash)s, %(frame_origins)s)
RETURNING id
