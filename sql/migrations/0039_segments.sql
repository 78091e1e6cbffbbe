-- Filters of an application's traffic that its members choose together, under a name (docs/dashboard.md).
CREATE TABLE segments (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    filters JSONB NOT NULL, -- values by names, as addresses of the dashboard have them: {"page.contains": "/blog/"}
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_segments_application ON segments (application_id);
