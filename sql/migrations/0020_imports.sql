-- What was imported, so that it can be listed and undone. A log is known by the name that `import --source` says.
CREATE TABLE imports (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- the priorities of its entries say it
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    UNIQUE (application_id, source)
);

-- One row each time a file of a log was read, or one that is followed.
CREATE TABLE import_runs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    import_id INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    file TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE, -- NULL while it goes on, and where it was broken off
    counts JSONB NOT NULL DEFAULT '{}' -- of its lines: how many were queued, known, left out and so on
);

CREATE INDEX idx_import_runs_import ON import_runs (import_id, started_at);

-- The hits that an import has stored, a row a batch, written in the transaction that stores them.
CREATE TABLE imported_hits (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    import_id INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    accepted_at TIMESTAMP WITH TIME ZONE NOT NULL, -- when the first of them was queued
    first_at TIMESTAMP WITH TIME ZONE NOT NULL, -- created_at of the first and the last of them
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    hits INTEGER NOT NULL, -- below 0 where hits were taken out, to be stored anew
    ids BIGINT[] NOT NULL, -- the keys in access_logs: ids, and created_at in the same order
    times TIMESTAMP WITH TIME ZONE[] NOT NULL
);

CREATE INDEX idx_imported_hits_import ON imported_hits (import_id, id);
CREATE INDEX idx_imported_hits_last ON imported_hits (last_at);

-- An import that is undone is an erasure too: noted first, and taken up again by whoever is there.
ALTER TABLE erasures DROP CONSTRAINT erasures_kind_check;
ALTER TABLE erasures ADD CONSTRAINT erasures_kind_check CHECK (kind IN ('person', 'application', 'import'));
