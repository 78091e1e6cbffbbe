-- A share link may end by itself, and may ask for a password (docs/dashboard.md).
ALTER TABLE shares ADD COLUMN expires_at TIMESTAMPTZ; -- NULL: it ends by being revoked alone
ALTER TABLE shares ADD COLUMN password_hash TEXT; -- scrypt of the password; NULL: whoever has the link may look
