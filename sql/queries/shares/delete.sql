-- Revokes a share link.
DELETE FROM shares
 WHERE application_id = %(application_id)s AND id = %(id)s
RETURNING name, frame_origins, expires_at, password_hash IS NOT NULL AS has_password
