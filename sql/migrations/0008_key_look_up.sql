-- Management over HTTP finds the application by its key.
CREATE INDEX idx_applications_api_key_hash ON applications (api_key_hash);
