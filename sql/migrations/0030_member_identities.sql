-- Members who sign in by OpenID Connect (docs/sign-in.md): whom the provider knows them as, and to which address they were invited.
ALTER TABLE members
    ADD COLUMN email VARCHAR(254), -- in lower case: whoever the provider knows by this verified address may use the invitation
    ADD COLUMN issuer VARCHAR(255), -- the provider, and its name for the person; NULL: they sign in with their key alone
    ADD COLUMN subject VARCHAR(255);

CREATE UNIQUE INDEX idx_members_identity ON members (issuer, subject, application_id) WHERE subject IS NOT NULL;
CREATE INDEX idx_members_invited_email ON members (email) WHERE key_id IS NULL AND email IS NOT NULL;
