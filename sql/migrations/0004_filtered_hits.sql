-- Hits that were not counted as visits, by hour and reason: none is left out silently.
CREATE TABLE filtered_hits (
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    hour TIMESTAMP WITH TIME ZONE NOT NULL,
    reason VARCHAR(30) NOT NULL,
    hits BIGINT NOT NULL,
    PRIMARY KEY (application_id, hour, reason)
);
