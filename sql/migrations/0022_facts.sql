-- The columnar copy of the hits (decision 0099): what of it has to be made anew, of which files it consists, and where
-- it stands.

-- The minutes of its hour that the hits of an increment fall into, as bits; NULL: any of them.
ALTER TABLE statistics_increments ADD COLUMN minutes BIGINT;

-- Hours whose facts do not say any more what access_logs says: hits were stored, or deleted, in these minutes.
CREATE TABLE facts_marks (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id UUID NOT NULL, -- no foreign key: concurrent hits would all lock the same row
    date DATE NOT NULL,
    hour SMALLINT NOT NULL,
    minutes BIGINT -- bits 0 to 59; NULL: all of them
);

CREATE INDEX idx_facts_marks_day ON facts_marks (application_id, date);

-- The files of the copy. One that was replaced is still there for whoever is reading it.
CREATE TABLE facts_files (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id UUID NOT NULL,
    date DATE NOT NULL,
    first_hour SMALLINT NOT NULL,
    last_hour SMALLINT NOT NULL,
    name VARCHAR(200) NOT NULL, -- below the folder
    facts BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    checksum VARCHAR(64) NOT NULL, -- BLAKE2b of the whole file
    parameters TEXT[] NOT NULL, -- the custom parameters that it has a column for
    made_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    replaced_at TIMESTAMP WITH TIME ZONE
);

CREATE INDEX idx_facts_files_day ON facts_files (application_id, date);
CREATE INDEX idx_facts_files_replaced ON facts_files (replaced_at) WHERE replaced_at IS NOT NULL;

-- Which folder holds the copy: the scheduler's is recognised by its name, so that no other is mistaken for it.
CREATE TABLE facts_folder (
    is_single BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (is_single), -- one row, none before the first turn
    id UUID, -- NULL: there is no copy yet
    problem TEXT, -- why nothing can be written; NULL: it can
    problem_since TIMESTAMP WITH TIME ZONE
);

-- An increment is appended by whoever stores hits, and by whoever recounts an hour: both make its facts anew.
CREATE FUNCTION mark_facts() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO facts_marks (application_id, date, hour, minutes)
    SELECT application_id, date, hour, minutes FROM added;
    RETURN NULL;
END;
$$;

CREATE TRIGGER mark_facts AFTER INSERT ON statistics_increments
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION mark_facts();
