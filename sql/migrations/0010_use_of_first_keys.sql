-- When the key that an application was made with, or the one in its place, was last used.
ALTER TABLE applications ADD COLUMN api_key_last_used_at TIMESTAMP WITH TIME ZONE;
