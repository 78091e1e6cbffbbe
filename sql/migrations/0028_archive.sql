-- Months whose facts stay readable when PostgreSQL has dropped their rows, and come back from files where all columns of
-- the hits were kept (docs/reports.md).
CREATE TABLE archived_months (
    month DATE PRIMARY KEY, -- its first day (UTC)
    has_hits BOOLEAN NOT NULL, -- whether all columns of its hits are kept (archived_hits), and not the facts alone
    dropped_at TIMESTAMP WITH TIME ZONE, -- from then on its files are all there is; NULL: its rows are in PostgreSQL
    restored_at TIMESTAMP WITH TIME ZONE -- its rows were brought back: it stays until an operator lets it go
);

-- Days of these that were compared with their rows, before these are dropped.
CREATE TABLE archived_days (
    application_id UUID NOT NULL,
    date DATE NOT NULL,
    hits BIGINT NOT NULL,
    facts_id BIGINT NOT NULL, -- the newest file of its facts then: with another one it is to be compared again
    has_hits BOOLEAN NOT NULL DEFAULT FALSE, -- whether archived_hits has all of them
    PRIMARY KEY (date, application_id)
);

-- Files with all columns of the hits of some hours. One that was replaced is to be removed from the disk.
CREATE TABLE archived_hits (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id UUID NOT NULL,
    date DATE NOT NULL,
    first_hour SMALLINT NOT NULL,
    last_hour SMALLINT NOT NULL,
    name VARCHAR(200) NOT NULL, -- below the folder of the facts
    hits BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    checksum VARCHAR(32) NOT NULL, -- BLAKE2b of the file
    rows_checksum VARCHAR(32) NOT NULL, -- of its rows as PostgreSQL writes them
    restored_at TIMESTAMP WITH TIME ZONE, -- when its rows were last brought back; NULL: they are not in PostgreSQL
    replaced_at TIMESTAMP WITH TIME ZONE
);

CREATE INDEX idx_archived_hits_day ON archived_hits (date, application_id);

-- People whom an erasure takes out of the files of archived months; whoever writes facts does it.
CREATE TABLE archive_erasures (
    erasure_id UUID PRIMARY KEY,
    application_id UUID NOT NULL,
    client_sub_ids TEXT[] NOT NULL,
    session_ids TEXT[] NOT NULL,
    addresses TEXT[] NOT NULL,
    facts BIGINT NOT NULL DEFAULT 0, -- how many were erased
    hits BIGINT NOT NULL DEFAULT 0,
    done_at TIMESTAMP WITH TIME ZONE
);

-- Hits that came back with their month, in the hour in which it was restored.
ALTER TABLE ledger ADD COLUMN restored BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger_changes ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;
