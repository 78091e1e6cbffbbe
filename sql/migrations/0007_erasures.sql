-- Erasures of a person's data, or of a whole application's, as they were asked for, and their receipts.
CREATE TABLE erasures (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    kind VARCHAR(20) NOT NULL CHECK (kind IN ('person', 'application')),
    identifiers JSONB, -- whose rows: NULL as soon as it is done, so that nothing here names the person
    digests JSONB NOT NULL, -- slow hashes of the identifiers, with this row's id as salt
    state VARCHAR(10) NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done')),
    counts JSONB NOT NULL DEFAULT '{}', -- how many rows of which place, counted in the transactions that delete them
    notes JSONB NOT NULL DEFAULT '[]',
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    leased_until TIMESTAMP WITH TIME ZONE, -- by the clock of this server: who is silent for longer has ended
    leased_by VARCHAR(200)
);

CREATE INDEX idx_erasures_application ON erasures (application_id, requested_at, id);
CREATE INDEX idx_erasures_open ON erasures (requested_at) WHERE state <> 'done';
