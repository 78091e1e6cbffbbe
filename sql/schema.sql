-- The schema as it is now: what an empty database has after every file of sql/migrations.
-- A test proves that the two agree. "decision" names a record of docs/decisions.

-- Gives text the GIN operator class that the index on page_type needs (decision 0001).
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- Applications

CREATE TABLE applications (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    app_id VARCHAR(50) NOT NULL CONSTRAINT idx_applications_app_id UNIQUE,
    name VARCHAR(255) NOT NULL,
    description TEXT,
    domain VARCHAR(255),
    api_key_hash VARCHAR(255) NOT NULL,
    status VARCHAR(20) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'suspended')),
    rate_limit_per_minute INTEGER NOT NULL DEFAULT 1000,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    deleted_at TIMESTAMP WITH TIME ZONE,
    api_key_last_used_at TIMESTAMP WITH TIME ZONE -- written once a minute at most, without touching updated_at
);

CREATE INDEX idx_applications_status ON applications (status);
CREATE INDEX idx_applications_created_at ON applications (created_at);
CREATE INDEX idx_applications_api_key_hash ON applications (api_key_hash);

CREATE TABLE application_settings (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    setting_key VARCHAR(100) NOT NULL,
    setting_value TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    UNIQUE (application_id, setting_key)
);

CREATE INDEX idx_application_settings_app_id ON application_settings (application_id);
CREATE INDEX idx_application_settings_aliases ON application_settings USING gin (string_to_array(setting_value, ','))
    WHERE setting_key = 'aliases';

-- Access logs, by month of created_at (UTC). No default partition: a row outside every month is refused,
-- which shows at once, while a default partition would have to be emptied before its month could be made.

CREATE TABLE access_logs (
    id BIGSERIAL,
    application_id UUID NOT NULL, -- no foreign key: writers would all lock the application's row (decision 0006)
    app_id VARCHAR(50) NOT NULL,
    client_sub_id VARCHAR(100),
    module_id VARCHAR(100),
    url TEXT,
    referrer TEXT,
    user_agent TEXT,
    ip_address INET,
    session_id VARCHAR(100),
    screen_resolution VARCHAR(20),
    language VARCHAR(10),
    timezone VARCHAR(50),
    event_name VARCHAR(100),
    event_data JSONB,
    custom_params JSONB,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE INDEX idx_access_logs_app_id ON access_logs (app_id);
CREATE INDEX idx_access_logs_session_id ON access_logs (session_id);
CREATE INDEX idx_access_logs_created_at ON access_logs (created_at);
CREATE INDEX idx_access_logs_client_sub_id ON access_logs (client_sub_id);
CREATE INDEX idx_access_logs_module_id ON access_logs (module_id);
CREATE INDEX idx_access_logs_custom_params ON access_logs USING GIN (custom_params);
CREATE INDEX idx_access_logs_custom_params_page_type ON access_logs USING GIN ((custom_params ->> 'page_type'));

-- Batches

CREATE TABLE batch_jobs (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    job_type VARCHAR(50) NOT NULL,
    status VARCHAR(20) NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    batch_size INTEGER NOT NULL DEFAULT 100,
    processed_count INTEGER NOT NULL DEFAULT 0,
    error_count INTEGER NOT NULL DEFAULT 0,
    started_at TIMESTAMP WITH TIME ZONE,
    completed_at TIMESTAMP WITH TIME ZONE,
    error_message TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_batch_jobs_status ON batch_jobs (status);
CREATE INDEX idx_batch_jobs_created_at ON batch_jobs (created_at);

-- What must outlive Redis: entries that failed for good, and entries accepted while Redis was unavailable (decision 0009).
CREATE TABLE batch_queue (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tracking_data JSONB NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0,
    retry_count INTEGER NOT NULL DEFAULT 0,
    max_retries INTEGER NOT NULL DEFAULT 3,
    status VARCHAR(20) NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'processing', 'completed', 'failed')),
    processed_at TIMESTAMP WITH TIME ZONE,
    error_message TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_batch_queue_status ON batch_queue (status);
CREATE INDEX idx_batch_queue_priority ON batch_queue (priority);
CREATE INDEX idx_batch_queue_created_at ON batch_queue (created_at);

-- What the receiver kept while Redis was unavailable, in the order in which it goes into the pipeline.
CREATE INDEX idx_batch_queue_waiting ON batch_queue (priority DESC, created_at) WHERE status = 'queued';

-- What has been taken in, by its age.
CREATE INDEX idx_batch_queue_completed ON batch_queue (processed_at) WHERE status = 'completed';

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

-- Custom parameters

CREATE TABLE custom_parameter_definitions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    parameter_key VARCHAR(100) NOT NULL,
    parameter_name VARCHAR(255) NOT NULL,
    parameter_type VARCHAR(50) NOT NULL
        CHECK (parameter_type IN ('string', 'number', 'boolean', 'array', 'object')),
    description TEXT,
    is_required BOOLEAN NOT NULL DEFAULT false,
    default_value TEXT,
    validation_rules JSONB,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    UNIQUE (application_id, parameter_key)
);

CREATE INDEX idx_custom_param_defs_app_id ON custom_parameter_definitions (application_id);
CREATE INDEX idx_custom_param_defs_key ON custom_parameter_definitions (parameter_key);

-- One row per hit and defined parameter, by month like access_logs (decision 0005). The foreign key fixes the order
-- in which an old month goes: this table's month first, then that of access_logs.
CREATE TABLE custom_parameter_values (
    id UUID DEFAULT gen_random_uuid(),
    access_log_id BIGINT NOT NULL,
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    parameter_key VARCHAR(100) NOT NULL,
    parameter_value TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (id, created_at),
    FOREIGN KEY (access_log_id, created_at) REFERENCES access_logs (id, created_at) ON DELETE CASCADE
) PARTITION BY RANGE (created_at);

CREATE INDEX idx_custom_param_values_log_id ON custom_parameter_values (access_log_id);
CREATE INDEX idx_custom_param_values_app_id ON custom_parameter_values (application_id);
CREATE INDEX idx_custom_param_values_key ON custom_parameter_values (parameter_key);
CREATE INDEX idx_custom_param_values_key_value ON custom_parameter_values (parameter_key, parameter_value);

-- How many parameters were refused, per day (UTC) and reason: the ledger of what the definitions dropped.
CREATE TABLE custom_parameter_refusals (
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    date DATE NOT NULL,
    parameter_key VARCHAR(100) NOT NULL,
    reason VARCHAR(30) NOT NULL,
    refused BIGINT NOT NULL,
    PRIMARY KEY (application_id, date, parameter_key, reason)
);

-- Hits that were not counted as visits (bots, pages fetched ahead, visitors who object), by hour and reason: none is
-- left out silently.
CREATE TABLE filtered_hits (
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    hour TIMESTAMP WITH TIME ZONE NOT NULL,
    reason VARCHAR(30) NOT NULL,
    hits BIGINT NOT NULL,
    PRIMARY KEY (application_id, hour, reason)
);

-- Sessions

CREATE TABLE sessions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    session_id VARCHAR(100) NOT NULL CONSTRAINT idx_sessions_session_id UNIQUE,
    application_id UUID NOT NULL REFERENCES applications (id),
    app_id VARCHAR(50) NOT NULL,
    client_sub_id VARCHAR(100),
    module_id VARCHAR(100),
    user_agent TEXT,
    ip_address INET,
    first_accessed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    last_accessed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    page_views INTEGER NOT NULL DEFAULT 1,
    is_active BOOLEAN NOT NULL DEFAULT true,
    session_custom_params JSONB
);

CREATE INDEX idx_sessions_app_id ON sessions (app_id);
CREATE INDEX idx_sessions_last_accessed_at ON sessions (last_accessed_at);
CREATE INDEX idx_sessions_is_active ON sessions (is_active);
CREATE INDEX idx_sessions_custom_params ON sessions USING GIN (session_custom_params);

-- The active sessions of an application by their last hit: those to end stand first.
CREATE INDEX idx_sessions_active ON sessions (application_id, last_accessed_at) WHERE is_active;

-- Statistics

CREATE TABLE daily_statistics (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id),
    app_id VARCHAR(50) NOT NULL,
    date DATE NOT NULL,
    total_requests BIGINT NOT NULL DEFAULT 0,
    unique_visitors BIGINT NOT NULL DEFAULT 0,
    unique_sessions BIGINT NOT NULL DEFAULT 0,
    custom_param_stats JSONB,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    UNIQUE (application_id, date)
);

CREATE INDEX idx_daily_statistics_app_id ON daily_statistics (app_id);
CREATE INDEX idx_daily_statistics_date ON daily_statistics (date);
CREATE INDEX idx_daily_statistics_custom_params ON daily_statistics USING GIN (custom_param_stats);

CREATE TABLE hourly_statistics (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id),
    app_id VARCHAR(50) NOT NULL,
    date DATE NOT NULL,
    hour INTEGER NOT NULL CHECK (hour >= 0 AND hour <= 23),
    total_requests BIGINT NOT NULL DEFAULT 0,
    unique_visitors BIGINT NOT NULL DEFAULT 0,
    custom_param_stats JSONB,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    UNIQUE (application_id, date, hour)
);

CREATE INDEX idx_hourly_statistics_app_id ON hourly_statistics (app_id);
CREATE INDEX idx_hourly_statistics_date_hour ON hourly_statistics (date, hour);
CREATE INDEX idx_hourly_statistics_custom_params ON hourly_statistics USING GIN (custom_param_stats);

-- Keys and webhooks

CREATE TABLE api_keys (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    key_hash VARCHAR(255) NOT NULL CONSTRAINT idx_api_keys_key_hash UNIQUE,
    name VARCHAR(255),
    permissions JSONB NOT NULL DEFAULT '{}',
    last_used_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    is_active BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_api_keys_application_id ON api_keys (application_id);

CREATE TABLE webhooks (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    events JSONB NOT NULL,
    secret VARCHAR(255),
    is_active BOOLEAN NOT NULL DEFAULT true,
    last_triggered_at TIMESTAMP WITH TIME ZONE,
    failure_count INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    previous_secret VARCHAR(255), -- after a rotation both secrets sign until it expires
    previous_secret_expires_at TIMESTAMP WITH TIME ZONE,
    failing_since TIMESTAMP WITH TIME ZONE, -- the first failed attempt since the last success
    paused_until TIMESTAMP WITH TIME ZONE, -- the endpoint asked for a pause (429, 503)
    disabled_at TIMESTAMP WITH TIME ZONE,
    disabled_reason VARCHAR(200),
    backlog_full_since TIMESTAMP WITH TIME ZONE -- too many deliveries wait: new ones are written as failed
);

CREATE INDEX idx_webhooks_application_id ON webhooks (application_id);
CREATE INDEX idx_webhooks_is_active ON webhooks (is_active);

-- One event for one webhook. The numbers of its attempts never repeat: a redelivery goes on counting, and its schedule
-- of retries begins after `attempts_before`.
CREATE TABLE webhook_deliveries (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    webhook_id UUID NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id VARCHAR(100) NOT NULL, -- the header webhook-id
    event_type VARCHAR(150) NOT NULL,
    payload TEXT NOT NULL, -- the body, as it is signed and sent
    state VARCHAR(10) NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempt INTEGER NOT NULL DEFAULT 0, -- attempts made
    attempts_before INTEGER NOT NULL DEFAULT 0,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    leased_until TIMESTAMP WITH TIME ZONE,
    leased_by VARCHAR(200),
    last_status INTEGER,
    last_error VARCHAR(500),
    duration_ms INTEGER,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT idx_webhook_deliveries_event UNIQUE (webhook_id, event_id)
);

CREATE INDEX idx_webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at) WHERE state = 'waiting';
CREATE INDEX idx_webhook_deliveries_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX idx_webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;

-- What failed for good, latest first, and since a time: there may be few among tens of millions of others.
CREATE INDEX idx_webhook_deliveries_failed ON webhook_deliveries (webhook_id, id) WHERE state = 'failed';
CREATE INDEX idx_webhook_deliveries_failed_at
    ON webhook_deliveries (webhook_id, finished_at, id) WHERE state = 'failed';

CREATE TABLE webhook_attempts (
    delivery_id BIGINT NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    attempted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    status INTEGER,
    error VARCHAR(500),
    duration_ms INTEGER,
    PRIMARY KEY (delivery_id, attempt)
);

-- The scheduler

-- Who may do what only one process should be doing. Times are of this server's clock alone.
CREATE TABLE leases (
    name VARCHAR(50) PRIMARY KEY,
    owner VARCHAR(200) NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL
);

-- What keeps a wrong clock or a mistyped setting from deleting: see docs/decisions/0110-deleting-by-two-clocks.md.
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

-- Management

-- Who changed what. No foreign keys: what happened stays true after the key or the application is gone.
CREATE TABLE audit_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    actor_kind VARCHAR(10) NOT NULL CHECK (actor_kind IN ('admin', 'key', 'command', 'scheduler')),
    actor_key_id UUID, -- NULL with the kind 'key': the application's first key
    application_id UUID,
    action VARCHAR(50) NOT NULL, -- what kind of thing, a point, and what was done to it: api_key.revoked
    subject VARCHAR(255) NOT NULL, -- which one: a key's id, a parameter's key, a setting's name
    before JSONB, -- what changed, as it was; never a secret or its hash
    after JSONB
);

CREATE INDEX idx_audit_log_application ON audit_log (application_id, at, id);
CREATE INDEX idx_audit_log_at ON audit_log (at, id);

-- Partitions

-- Makes the month YYYY-MM of one table, with bounds in UTC whatever the session's time zone; a month that is already
-- there is left alone, and a table of its name that stands alone is attached with its rows.
--
-- Each month is built as a table of its own and then attached: CREATE TABLE ... PARTITION OF would wait for every
-- reader of the parent and hold up every writer behind it. The foreign keys still need a moment without writers.
-- Those locks are taken first, in the order in which writers take theirs (access_logs before its values), so that
-- the two do not deadlock.
CREATE FUNCTION create_monthly_partition_of(parent TEXT, year_month TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
    month_table CONSTANT TEXT := parent || '_' || replace(year_month, '-', '_');
    first_day DATE;
    present RECORD;
BEGIN
    IF year_month IS NULL OR year_month !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' OR year_month < '0001' THEN
        RAISE EXCEPTION 'a month is written YYYY-MM, from 0001-01 to 9999-12'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    first_day := (year_month || '-01')::DATE;

    -- Of two callers at once the second waits here and then finds the month made.
    PERFORM pg_advisory_xact_lock(hashtext('create_monthly_partition'));

    SELECT relkind, relispartition, inhparent, inhdetachpending INTO present
      FROM pg_class LEFT JOIN pg_inherits ON inhrelid = oid
     WHERE oid = to_regclass(quote_ident(month_table));
    IF present.inhparent = parent::REGCLASS AND NOT present.inhdetachpending THEN
        RETURN;
    ELSIF present.relkind IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)',
                       month_table, parent);
    ELSIF present.relkind <> 'r' OR present.relispartition OR present.inhparent IS NOT NULL THEN
        RAISE EXCEPTION '% is there and is no table that stands alone', month_table USING ERRCODE = 'duplicate_table';
    END IF;

    LOCK TABLE ONLY applications, ONLY access_logs, ONLY custom_parameter_values IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, month_table,
                   to_char(first_day, 'YYYY-MM-DD 00:00:00+00'),
                   to_char(first_day + INTERVAL '1 month', 'YYYY-MM-DD 00:00:00+00'));
END;
$$;

-- The same of access_logs and of custom_parameter_values (decisions 0002 and 0005).
CREATE FUNCTION create_monthly_partition(year_month TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM create_monthly_partition_of('access_logs', year_month);
    PERFORM create_monthly_partition_of('custom_parameter_values', year_month);
END;
$$;

-- How the defined parameters of new hits are written: a JSON array of rows.
--
-- Each row's foreign keys are checked by queries that PostgreSQL prepares by itself. Against a partitioned table it
-- would plan them anew for every row, because a plan for one month looks cheaper than one for all; kept plans that
-- find the month when they run halve the cost. A plan that is made while a month is still empty would read it whole,
-- and go on so when it is not empty any more: hence no sequential scans. These settings of a function end with it and
-- pin no connection.
CREATE FUNCTION add_custom_parameter_values(given JSONB) RETURNS VOID
LANGUAGE sql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
    INSERT INTO custom_parameter_values (access_log_id, application_id, parameter_key, parameter_value, created_at)
    SELECT access_log_id, application_id, parameter_key, parameter_value, created_at
      FROM jsonb_to_recordset(given) AS parameter (
          access_log_id BIGINT, application_id UUID, parameter_key TEXT, parameter_value TEXT,
          created_at TIMESTAMP WITH TIME ZONE
      );
$$;

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
    parameter_counts INTEGER[] NOT NULL,
    minutes BIGINT -- into which minutes of the hour the hits fall, as bits; NULL: any of them
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
        CASE WHEN client_sub_id IS NOT NULL THEN decode('01', 'hex') || convert_to(client_sub_id, 'UTF8')
             ELSE decode('02', 'hex') || coalesce(inet_send(ip_address), decode('00', 'hex'))
                  || coalesce(decode('01', 'hex') || convert_to(user_agent, 'UTF8'), decode('00', 'hex'))
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

-- Erasures of a person's data, or of a whole application's, as they were asked for, and their receipts.
CREATE TABLE erasures (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    kind VARCHAR(20) NOT NULL CHECK (kind IN ('person', 'application', 'import')),
    identifiers JSONB, -- whose rows: NULL as soon as it is done, so that nothing here names the person
    digests JSONB NOT NULL, -- slow hashes of the identifiers, with this row's id as salt
    state VARCHAR(10) NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done')),
    counts JSONB NOT NULL DEFAULT '{}', -- how many rows of which place, counted in the transactions that delete them
    notes JSONB NOT NULL DEFAULT '[]',
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    leased_until TIMESTAMP WITH TIME ZONE, -- by the clock of this server: who is silent for longer has ended
    leased_by VARCHAR(200)
);

CREATE INDEX idx_erasures_application ON erasures (application_id, requested_at, id);
CREATE INDEX idx_erasures_open ON erasures (requested_at) WHERE state <> 'done';

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

-- Lines that imports have left out, so that each counts once in filtered_hits however often its log is imported.
CREATE TABLE imported_filtered (
    import_id INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    hit_id BIGINT NOT NULL, -- the id that the line's hit would have
    hour TIMESTAMP WITH TIME ZONE NOT NULL,
    reason VARCHAR(30) NOT NULL,
    PRIMARY KEY (import_id, hit_id)
);

CREATE INDEX idx_imported_filtered_hour ON imported_filtered (hour);

-- What the operator allows an application at most, so that its owner can lower a limit and raise it again, no further.
CREATE TABLE operator_limits (
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    limit_name VARCHAR(100) NOT NULL, -- rate_limit_per_minute, or the key of a setting
    limit_value BIGINT NOT NULL,
    PRIMARY KEY (application_id, limit_name)
);

-- Sessions of the dashboard that somebody has ended before their time: their cookies count no more.
CREATE TABLE dashboard_sign_outs (
    session_id VARCHAR(64) PRIMARY KEY, -- random, from the cookie; it says nothing about a person or a key
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL -- when the cookie counts no more by itself
);

CREATE INDEX idx_dashboard_sign_outs_expires ON dashboard_sign_outs (expires_at);

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

-- The columnar copy of the hits (decision 0190): what of it has to be made anew, of which files it consists, and where
-- it stands.

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
    dropped BIGINT NOT NULL DEFAULT 0, -- stood in access_logs and went with their month, in this hour
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
    written_off INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0
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

-- What the owner of a site adds to its dashboard (docs/dashboard.md): links for others to look, goals, funnels, notes.

-- Read-only links of one application. One that is revoked is gone; the audit log says that it was there.
CREATE TABLE shares (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    token_hash VARCHAR(64) NOT NULL UNIQUE, -- SHA-256 of the link's token
    frame_origins TEXT[] NOT NULL, -- whose pages may show it in a frame: https://example.org
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_shares_application ON shares (application_id);

-- A page that is viewed or an event that happens, as tracker/goal.py writes it: `page:/thanks`, `event:signup`.
CREATE TABLE goals (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    step VARCHAR(1100) NOT NULL,
    value_parameter VARCHAR(100), -- the custom parameter whose numbers are added up
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_goals_application ON goals (application_id);

-- Such steps, one after the other within a visit.
CREATE TABLE funnels (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    steps TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_funnels_application ON funnels (application_id);

-- What happened on a day, beside its numbers.
CREATE TABLE annotations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    day DATE NOT NULL,
    text VARCHAR(500) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_annotations_day ON annotations (application_id, day);

-- The weeks whose summary was told to webhooks, by their first day.
CREATE TABLE weekly_reports (
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    week DATE NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (application_id, week)
);

-- People of an application beside its keys (docs/dashboard.md): each joins by an invitation, and has a key of their own.
CREATE TABLE members (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    role VARCHAR(10) NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')), -- that they were invited to; what they may stands in their key
    key_id UUID UNIQUE REFERENCES api_keys (id) ON DELETE CASCADE, -- NULL: they have not joined
    token_hash VARCHAR(64) UNIQUE, -- SHA-256 of the invitation's token; NULL: it was used
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL, -- until then the invitation counts
    invited_by VARCHAR(10) NOT NULL, -- as audit_log.actor_kind and actor_key_id
    invited_by_key_id UUID,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_members_application ON members (application_id);
