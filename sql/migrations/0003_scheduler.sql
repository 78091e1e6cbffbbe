-- What the scheduler needs: its lease, and indexes by which the cost of a turn follows what there is to do.

-- Who may do what only one process should be doing. Times are of this server's clock alone.
CREATE TABLE leases (
    name VARCHAR(50) PRIMARY KEY,
    owner VARCHAR(200) NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL
);

-- The active sessions of an application by their last hit: those to end stand first.
CREATE INDEX idx_sessions_active ON sessions (application_id, last_accessed_at) WHERE is_active;

-- What the receiver kept while Redis was unavailable, in the order in which it goes into the pipeline.
CREATE INDEX idx_batch_queue_waiting ON batch_queue (priority DESC, created_at) WHERE status = 'queued';

-- What has been taken in, by its age.
CREATE INDEX idx_batch_queue_completed ON batch_queue (processed_at) WHERE status = 'completed';
