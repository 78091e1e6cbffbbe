-- Tallies of the facts (decision 0135): counts by day from which visitors of any run of days follow without telling them
-- apart. One says what some files say, and goes in the transaction in which any of them does.
CREATE TABLE facts_tallies (
    application_id UUID PRIMARY KEY, -- no foreign key, as of the files: whoever removes these removes it
    id UUID NOT NULL, -- another one whenever it is made anew
    zone TEXT NOT NULL,
    first DATE NOT NULL, -- of the site's time zone
    last DATE NOT NULL,
    timeout_minutes INTEGER NOT NULL, -- after which its visits were over
    kinds TEXT[] NOT NULL, -- the dimensions that it has
    first_date DATE NOT NULL, -- of the files (UTC)
    last_date DATE NOT NULL,
    content BYTEA NOT NULL, -- Parquet
    made_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

-- Whoever changes the files of an application holds its lock in common, and whoever notes a tally of them alone: so that
-- no file that is not to be seen yet is overlooked by either.
CREATE FUNCTION drop_facts_tallies() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('facts_tallies ' || application_id, 0))
    FROM (SELECT DISTINCT application_id FROM changed ORDER BY application_id) AS applications;
    DELETE FROM facts_tallies USING changed
    WHERE facts_tallies.application_id = changed.application_id
      AND changed.date BETWEEN facts_tallies.first_date AND facts_tallies.last_date;
    RETURN NULL;
END;
$$;

CREATE TRIGGER drop_facts_tallies_of_new AFTER INSERT ON facts_files
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION drop_facts_tallies();
CREATE TRIGGER drop_facts_tallies_of_replaced AFTER UPDATE ON facts_files
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION drop_facts_tallies();
CREATE TRIGGER drop_facts_tallies_of_gone AFTER DELETE ON facts_files
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION drop_facts_tallies();
