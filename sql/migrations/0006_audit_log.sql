-- Who changed what. No foreign keys: what happened stays true after the key or the application is gone.
CREATE TABLE audit_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    actor_kind VARCHAR(10) NOT NULL CHECK (actor_kind IN ('admin', 'key', 'command')),
    actor_key_id UUID, -- NULL with the kind 'key': the application's first key
    application_id UUID,
    action VARCHAR(50) NOT NULL, -- what kind of thing, a point, and what was done to it: api_key.revoked
    subject VARCHAR(255) NOT NULL, -- which one: a key's id, a parameter's key, a setting's name
    before JSONB, -- what changed, as it was; never a secret or its hash
    after JSONB
);

CREATE INDEX idx_audit_log_application ON audit_log (application_id, at, id);
CREATE INDEX idx_audit_log_at ON audit_log (at, id);
