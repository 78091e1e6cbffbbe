-- The events of hits that the receiver kept in batch_queue while Redis, which knows events otherwise, was unavailable.
CREATE TABLE batch_queue_events (
    application_id UUID NOT NULL, -- no foreign key: concurrent hits would all lock the same row
    event_id UUID NOT NULL,
    tracking_id UUID NOT NULL, -- the first hit's
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (application_id, event_id)
);

CREATE INDEX idx_batch_queue_events_tracking ON batch_queue_events (tracking_id);
CREATE INDEX idx_batch_queue_events_created ON batch_queue_events (created_at);
