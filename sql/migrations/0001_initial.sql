-- The twelve tables of the specification, one that counts refused parameters, and create_monthly_partition.

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
    deleted_at TIMESTAMP WITH TIME ZONE
);

CREATE INDEX idx_applications_status ON applications (status);
CREATE INDEX idx_applications_created_at ON applications (created_at);

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
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX idx_webhooks_application_id ON webhooks (application_id);
CREATE INDEX idx_webhooks_is_active ON webhooks (is_active);

-- Partitions

-- Makes the month YYYY-MM of access_logs and of custom_parameter_values, with bounds in UTC whatever the session's
-- time zone; a month that is already there is left alone (decisions 0002 and 0005).
--
-- Each month is built as a table of its own and then attached: CREATE TABLE ... PARTITION OF would wait for every
-- reader of the parent and hold up every writer behind it. The foreign keys still need a moment without writers.
-- Those locks are taken first, in the order in which writers take theirs (access_logs before its values), so that
-- the two do not deadlock.
CREATE FUNCTION create_monthly_partition(year_month TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
DECLARE
    parents CONSTANT TEXT[] := ARRAY['access_logs', 'custom_parameter_values'];
    missing TEXT[] := '{}';
    parent TEXT;
    month_table TEXT;
    first_day DATE;
BEGIN
    IF year_month IS NULL OR year_month !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' OR year_month < '0001' THEN
        RAISE EXCEPTION 'a month is written YYYY-MM, from 0001-01 to 9999-12'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    first_day := (year_month || '-01')::DATE;

    -- Of two callers at once the second waits here and then finds the month made.
    PERFORM pg_advisory_xact_lock(hashtext('create_monthly_partition'));

    FOREACH parent IN ARRAY parents LOOP
        month_table := parent || '_' || replace(year_month, '-', '_');
        IF NOT EXISTS (
            SELECT FROM pg_inherits
             WHERE inhparent = parent::REGCLASS AND inhrelid = to_regclass(quote_ident(month_table))
        ) THEN
            missing := missing || parent;
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)',
                           month_table, parent);
        END IF;
    END LOOP;

    IF missing <> '{}' THEN
        LOCK TABLE ONLY applications, ONLY access_logs, ONLY custom_parameter_values IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    FOREACH parent IN ARRAY missing LOOP
        month_table := parent || '_' || replace(year_month, '-', '_');
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, month_table,
                       to_char(first_day, 'YYYY-MM-DD 00:00:00+00'),
                       to_char(first_day + INTERVAL '1 month', 'YYYY-MM-DD 00:00:00+00'));
    END LOOP;
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
