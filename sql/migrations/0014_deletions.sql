-- What keeps a wrong clock or a mistyped setting from deleting: see docs/decisions/0079-deleting-by-two-clocks.md.
CREATE TABLE retention_state (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    deleted_as_of TIMESTAMP WITH TIME ZONE NOT NULL, -- the time by which was deleted last
    retention_months INTEGER, -- TRACKER_RETENTION_MONTHS of the scheduler that works; 0 keeps all
    reported_at TIMESTAMP WITH TIME ZONE -- when it said so
);
INSERT INTO retention_state (deleted_as_of) VALUES (NOW());

-- What is not deleted although it is due, and why; a row goes when the reason is gone.
CREATE TABLE deletion_refusals (
    subject VARCHAR(20) PRIMARY KEY,
    kind VARCHAR(200) NOT NULL, -- equal for as long as the reason is the same, whatever numbers its sentence names
    reason TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);
