-- People of an application beside its keys (docs/dashboard.md): each joins by an invitation, and has a key of their own.
CREATE TABLE members (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    role VARCHAR(10) NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')), -- that they were invited to; what they may stands in their key
    key_id UUID UNIQUE REFERENCES api_keys (id) ON DELETE CASCADE, -- NULL: they have not joined
    token_hash VARCHAR(64) UNIQUE, -- SHA-256 of the invitation's token; NULL: it was used
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL, -- until then the invitation counts
    invited_by VARCHAR(10) NOT NULL, -- as audit_log.actor_kind and actor_key_id
    invited_by_key_id UUID,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_members_application ON members (application_id);
