-- Statistics by increments. Workers append increments, folding adds them to hourly_statistics and daily_statistics and
-- remembers below what it has counted already. In all of these tables days and hours are UTC, and the hour -1 stands
-- for the whole day. The large tables have no foreign key: it would be checked for each row.

-- What one transaction of a worker adds to one hour of one application. The three arrays of parameters belong
-- together, one element for each value.
CREATE TABLE statistics_increments (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application_id UUID NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE, -- when the first of the hits was accepted; NULL: all of them were imported
    date DATE NOT NULL,
    hour SMALLINT NOT NULL,
    total_requests INTEGER NOT NULL,
    visitors UUID[] NOT NULL,
    sessions UUID[] NOT NULL,
    parameter_keys TEXT[] NOT NULL,
    parameter_values TEXT[] NOT NULL,
    parameter_counts INTEGER[] NOT NULL
);

-- The visitors and sessions that are counted already: what makes unique numbers exact. Bit 0 to 23 of hours says in
-- which hours of the day a visitor was seen; the free space lets it change without a new index entry.
CREATE TABLE statistics_visitors (
    application_id UUID NOT NULL,
    visitor UUID NOT NULL,
    date DATE NOT NULL,
    hours INTEGER NOT NULL,
    PRIMARY KEY (date, application_id, visitor)
) WITH (fillfactor = 90);

CREATE TABLE statistics_sessions (
    application_id UUID NOT NULL,
    session UUID NOT NULL,
    date DATE NOT NULL,
    PRIMARY KEY (date, application_id, session)
);

-- How often each value of a parameter was seen, of which custom_param_stats shows the most frequent. The free space
-- lets a count change where it stands, without new index entries.
CREATE TABLE statistics_values (
    application_id UUID NOT NULL,
    count BIGINT NOT NULL,
    date DATE NOT NULL,
    hour SMALLINT NOT NULL,
    parameter_key VARCHAR(100) COLLATE "C" NOT NULL,
    parameter_value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (date, application_id, hour, parameter_key, parameter_value)
) WITH (fillfactor = 70);

-- Hours and days in which hits were received, to be completed once.
CREATE TABLE statistics_periods (
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    date DATE NOT NULL,
    hour SMALLINT NOT NULL CHECK (hour BETWEEN -1 AND 23),
    completed_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (date, application_id, hour)
);

CREATE INDEX idx_statistics_periods_open ON statistics_periods (date) WHERE completed_at IS NULL;

-- Before which day raw rows of an application have been removed, so that a recount would find too little.
CREATE TABLE statistics_removals (
    application_id UUID PRIMARY KEY REFERENCES applications (id) ON DELETE CASCADE,
    before DATE NOT NULL
);

-- The digest of a visitor (decision 0011): of client_sub_id where there is one, else of the address and the user agent.
-- The worker computes the same; a test holds the two together.
CREATE FUNCTION statistics_visitor(client_sub_id TEXT, ip_address INET, user_agent TEXT) RETURNS UUID
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT encode(substring(sha256(
        CASE WHEN client_sub_id IS NOT NULL THEN '\x01'::bytea || convert_to(client_sub_id, 'UTF8')
             ELSE '\x02'::bytea || coalesce(inet_send(ip_address), '\x00'::bytea)
                  || coalesce('\x01'::bytea || convert_to(user_agent, 'UTF8'), '\x00'::bytea)
        END) FROM 1 FOR 16), 'hex')::uuid
$$;

-- The digest of a session.
CREATE FUNCTION statistics_session(session_id TEXT) RETURNS UUID
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT encode(substring(sha256(convert_to(session_id, 'UTF8')) FROM 1 FOR 16), 'hex')::uuid
$$;

-- The elements of an array parameter as text, strings as they are; nothing where the text is no JSON array, which
-- happens after a definition's type was changed.
CREATE FUNCTION statistics_elements(parameter_value TEXT) RETURNS SETOF TEXT
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN QUERY SELECT coalesce(element, 'null') FROM jsonb_array_elements_text(parameter_value::jsonb) AS element;
EXCEPTION WHEN data_exception THEN
    RETURN;
END;
$$;
