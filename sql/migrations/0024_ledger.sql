-- The ledger: for each application and hour in which hits were accepted (its beginning, UTC), what became of them.
-- Imported hits are not in it: an import can be run again.
CREATE TABLE ledger (
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    hour TIMESTAMP WITH TIME ZONE NOT NULL,
    accepted BIGINT NOT NULL DEFAULT 0, -- acknowledged, and put into the queue
    stored BIGINT NOT NULL DEFAULT 0,
    repeated BIGINT NOT NULL DEFAULT 0, -- accepted once more with the id or the event of a hit that had come before
    discarded BIGINT NOT NULL DEFAULT 0, -- failed, and given up by an operator
    erased BIGINT NOT NULL DEFAULT 0, -- taken out of the queue by an erasure
    written_off BIGINT NOT NULL DEFAULT 0, -- lost, and an operator knows
    PRIMARY KEY (hour, application_id)
);

-- What is to be added to it. Appended, so that those who write at the same time never wait for a row of the ledger.
CREATE TABLE ledger_changes (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id UUID NOT NULL, -- no foreign key: what is of a deleted application is passed over
    hour TIMESTAMP WITH TIME ZONE NOT NULL,
    accepted INTEGER NOT NULL DEFAULT 0,
    stored INTEGER NOT NULL DEFAULT 0,
    repeated INTEGER NOT NULL DEFAULT 0,
    discarded INTEGER NOT NULL DEFAULT 0,
    erased INTEGER NOT NULL DEFAULT 0,
    written_off INTEGER NOT NULL DEFAULT 0
);

-- The sums of all hours that ever were, so that the balance costs the same however many there are.
CREATE TABLE ledger_totals (
    is_only BOOLEAN PRIMARY KEY DEFAULT true CHECK (is_only),
    accepted BIGINT NOT NULL DEFAULT 0,
    stored BIGINT NOT NULL DEFAULT 0,
    repeated BIGINT NOT NULL DEFAULT 0,
    discarded BIGINT NOT NULL DEFAULT 0,
    erased BIGINT NOT NULL DEFAULT 0,
    written_off BIGINT NOT NULL DEFAULT 0
);
INSERT INTO ledger_totals DEFAULT VALUES;

-- Each Redis that has had the counts, by a mark that it loses with its data: with a second one some were lost.
CREATE TABLE ledger_epochs (
    epoch UUID PRIMARY KEY,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL
);

-- An increment counts as stored from the moment it is written; when it goes (folded, or recounted) it goes into the ledger.
CREATE FUNCTION note_increments_in_ledger() RETURNS TRIGGER
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_changes (application_id, hour, stored)
    SELECT application_id, date_trunc('hour', received_at, 'UTC'), sum(total_requests)
      FROM gone
     WHERE received_at IS NOT NULL
     GROUP BY application_id, date_trunc('hour', received_at, 'UTC');
    RETURN NULL;
END
$$;

CREATE TRIGGER note_increments_in_ledger AFTER DELETE ON statistics_increments
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_increments_in_ledger();
