-- Which database this is, and which processes work with it: so that two instances which are mixed up are noticed.
CREATE TABLE instance (
    is_single BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (is_single), -- one row
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    queue_id UUID -- the Redis that this database used last; NULL before the first
);

INSERT INTO instance DEFAULT VALUES;

CREATE TABLE processes (
    name VARCHAR(300) PRIMARY KEY, -- what it is, host and process id
    queue_id UUID NOT NULL, -- the Redis that it works with
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL -- by the clock of this server
);
