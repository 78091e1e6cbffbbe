-- What the owner of a site adds to its dashboard (docs/dashboard.md): links for others to look, goals, funnels, notes.

-- Read-only links of one application. One that is revoked is gone; the audit log says that it was there.
CREATE TABLE shares (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    token_hash VARCHAR(64) NOT NULL UNIQUE, -- SHA-256 of the link's token
    frame_origins TEXT[] NOT NULL, -- whose pages may show it in a frame: https://example.org
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_shares_application ON shares (application_id);

-- A page that is viewed or an event that happens, as tracker/goal.py writes it: `page:/thanks`, `event:signup`.
CREATE TABLE goals (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    step VARCHAR(1100) NOT NULL,
    value_parameter VARCHAR(100), -- the custom parameter whose numbers are added up
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_goals_application ON goals (application_id);

-- Such steps, one after the other within a visit.
CREATE TABLE funnels (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    steps TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_funnels_application ON funnels (application_id);

-- What happened on a day, beside its numbers.
CREATE TABLE annotations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    day DATE NOT NULL,
    text VARCHAR(500) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_annotations_day ON annotations (application_id, day);

-- The weeks whose summary was told to webhooks, by their first day.
CREATE TABLE weekly_reports (
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    week DATE NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (application_id, week)
);
