-- The specification: the database design that the project began from, as DDL. Nothing runs it but the test that holds
-- a migrated database against it (tests/migration/test_specification.py). Decisions 0001 to 0016 say what holds where it
-- contradicts itself. Its examples of partitions are left out, and so are its comments.

CREATE TABLE applications (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    app_id VARCHAR(50) UNIQUE NOT NULL,
    name VARCHAR(255) NOT NULL,
    description TEXT,
    domain VARCHAR(255),
    api_key_hash VARCHAR(255) NOT NULL,
    status VARCHAR(20) DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'suspended')),
    rate_limit_per_minute INTEGER DEFAULT 1000,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    deleted_at TIMESTAMP WITH TIME ZONE
);

CREATE INDEX idx_applications_app_id ON applications(app_id);

CREATE INDEX idx_applications_status ON applications(status);

CREATE INDEX idx_applications_created_at ON applications(created_at);

CREATE TABLE application_settings (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications(id) ON DELETE CASCADE,
    setting_key VARCHAR(100) NOT NULL,
    setting_value TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    UNIQUE(application_id, setting_key)
);

CREATE INDEX idx_application_settings_app_id ON application_settings(application_id);

CREATE TABLE access_logs (
    id BIGSERIAL,
    application_id UUID NOT NULL,
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
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE INDEX idx_access_logs_app_id ON access_logs(app_id);

CREATE INDEX idx_access_logs_session_id ON access_logs(session_id);

CREATE INDEX idx_access_logs_created_at ON access_logs(created_at);

CREATE INDEX idx_access_logs_client_sub_id ON access_logs(client_sub_id);

CREATE INDEX idx_access_logs_module_id ON access_logs(module_id);

CREATE INDEX idx_access_logs_custom_params ON access_logs USING GIN (custom_params);

CREATE INDEX idx_access_logs_custom_params_page_type ON access_logs USING GIN ((custom_params->>'page_type'));

CREATE TABLE batch_jobs (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    job_type VARCHAR(50) NOT NULL,
    status VARCHAR(20) DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    batch_size INTEGER DEFAULT 100,
    processed_count INTEGER DEFAULT 0,
    error_count INTEGER DEFAULT 0,
    started_at TIMESTAMP WITH TIME ZONE,
    completed_at TIMESTAMP WITH TIME ZONE,
    error_message TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);

CREATE INDEX idx_batch_jobs_status ON batch_jobs(status);

CREATE INDEX idx_batch_jobs_created_at ON batch_jobs(created_at);

CREATE TABLE batch_queue (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tracking_data JSONB NOT NULL,
    priority INTEGER DEFAULT 0,
    retry_count INTEGER DEFAULT 0,
    max_retries INTEGER DEFAULT 3,
    status VARCHAR(20) DEFAULT 'queued' CHECK (status IN ('queued', 'processing', 'completed', 'failed')),
    processed_at TIMESTAMP WITH TIME ZONE,
    error_message TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);

CREATE INDEX idx_batch_queue_status ON batch_queue(status);

CREATE INDEX idx_batch_queue_priority ON batch_queue(priority);

CREATE INDEX idx_batch_queue_created_at ON batch_queue(created_at);

CREATE TABLE custom_parameter_definitions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications(id) ON DELETE CASCADE,
    parameter_key VARCHAR(100) NOT NULL,
    parameter_name VARCHAR(255) NOT NULL,
    parameter_type VARCHAR(50) NOT NULL CHECK (parameter_type IN ('string', 'number', 'boolean', 'array', 'object')),
    description TEXT,
    is_required BOOLEAN DEFAULT false,
    default_value TEXT,
    validation_rules JSONB,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    UNIQUE(application_id, parameter_key)
);

CREATE INDEX idx_custom_param_defs_app_id ON custom_parameter_definitions(application_id);

CREATE INDEX idx_custom_param_defs_key ON custom_parameter_definitions(parameter_key);

CREATE TABLE custom_parameter_values (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    access_log_id BIGINT NOT NULL,
    application_id UUID NOT NULL REFERENCES applications(id) ON DELETE CASCADE,
    parameter_key VARCHAR(100) NOT NULL,
    parameter_value TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    FOREIGN KEY (access_log_id, created_at) REFERENCES access_logs(id, created_at) ON DELETE CASCADE
);

CREATE INDEX idx_custom_param_values_log_id ON custom_parameter_values(access_log_id);

CREATE INDEX idx_custom_param_values_app_id ON custom_parameter_values(application_id);

CREATE INDEX idx_custom_param_values_key ON custom_parameter_values(parameter_key);

CREATE INDEX idx_custom_param_values_key_value ON custom_parameter_values(parameter_key, parameter_value);

CREATE TABLE sessions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    session_id VARCHAR(100) UNIQUE NOT NULL,
    application_id UUID NOT NULL REFERENCES applications(id),
    app_id VARCHAR(50) NOT NULL,
    client_sub_id VARCHAR(100),
    module_id VARCHAR(100),
    user_agent TEXT,
    ip_address INET,
    first_accessed_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    last_accessed_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    page_views INTEGER DEFAULT 1,
    is_active BOOLEAN DEFAULT true,
    session_custom_params JSONB
);

CREATE INDEX idx_sessions_session_id ON sessions(session_id);

CREATE INDEX idx_sessions_app_id ON sessions(app_id);

CREATE INDEX idx_sessions_last_accessed_at ON sessions(last_accessed_at);

CREATE INDEX idx_sessions_is_active ON sessions(is_active);

CREATE INDEX idx_sessions_custom_params ON sessions USING GIN (session_custom_params);

CREATE TABLE daily_statistics (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications(id),
    app_id VARCHAR(50) NOT NULL,
    date DATE NOT NULL,
    total_requests BIGINT DEFAULT 0,
    unique_visitors BIGINT DEFAULT 0,
    unique_sessions BIGINT DEFAULT 0,
    custom_param_stats JSONB,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    UNIQUE(application_id, date)
);

CREATE INDEX idx_daily_statistics_app_id ON daily_statistics(app_id);

CREATE INDEX idx_daily_statistics_date ON daily_statistics(date);

CREATE INDEX idx_daily_statistics_custom_params ON daily_statistics USING GIN (custom_param_stats);

CREATE TABLE hourly_statistics (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications(id),
    app_id VARCHAR(50) NOT NULL,
    date DATE NOT NULL,
    hour INTEGER NOT NULL CHECK (hour >= 0 AND hour <= 23),
    total_requests BIGINT DEFAULT 0,
    unique_visitors BIGINT DEFAULT 0,
    custom_param_stats JSONB,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    UNIQUE(application_id, date, hour)
);

CREATE INDEX idx_hourly_statistics_app_id ON hourly_statistics(app_id);

CREATE INDEX idx_hourly_statistics_date_hour ON hourly_statistics(date, hour);

CREATE INDEX idx_hourly_statistics_custom_params ON hourly_statistics USING GIN (custom_param_stats);

CREATE TABLE api_keys (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications(id) ON DELETE CASCADE,
    key_hash VARCHAR(255) UNIQUE NOT NULL,
    name VARCHAR(255),
    permissions JSONB DEFAULT '{}',
    last_used_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    is_active BOOLEAN DEFAULT true,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);

CREATE INDEX idx_api_keys_key_hash ON api_keys(key_hash);

CREATE INDEX idx_api_keys_application_id ON api_keys(application_id);

CREATE TABLE webhooks (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id UUID NOT NULL REFERENCES applications(id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    events JSONB NOT NULL,
    secret VARCHAR(255),
    is_active BOOLEAN DEFAULT true,
    last_triggered_at TIMESTAMP WITH TIME ZONE,
    failure_count INTEGER DEFAULT 0,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
);

CREATE INDEX idx_webhooks_application_id ON webhooks(application_id);

CREATE INDEX idx_webhooks_is_active ON webhooks(is_active);

-- What its lists of columns say beyond that (decision 0003).

ALTER TABLE access_logs
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN application_id SET NOT NULL,
    ALTER COLUMN app_id SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL;

ALTER TABLE applications
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN app_id SET NOT NULL,
    ALTER COLUMN name SET NOT NULL,
    ALTER COLUMN api_key_hash SET NOT NULL,
    ALTER COLUMN status SET NOT NULL,
    ALTER COLUMN rate_limit_per_minute SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL,
    ALTER COLUMN updated_at SET NOT NULL;

ALTER TABLE sessions
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN session_id SET NOT NULL,
    ALTER COLUMN application_id SET NOT NULL,
    ALTER COLUMN app_id SET NOT NULL,
    ALTER COLUMN first_accessed_at SET NOT NULL,
    ALTER COLUMN last_accessed_at SET NOT NULL,
    ALTER COLUMN page_views SET NOT NULL,
    ALTER COLUMN is_active SET NOT NULL;

ALTER TABLE custom_parameter_definitions
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN application_id SET NOT NULL,
    ALTER COLUMN parameter_key SET NOT NULL,
    ALTER COLUMN parameter_name SET NOT NULL,
    ALTER COLUMN parameter_type SET NOT NULL,
    ALTER COLUMN is_required SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL,
    ALTER COLUMN updated_at SET NOT NULL;

ALTER TABLE custom_parameter_values
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN access_log_id SET NOT NULL,
    ALTER COLUMN application_id SET NOT NULL,
    ALTER COLUMN parameter_key SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL;

ALTER TABLE daily_statistics
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN application_id SET NOT NULL,
    ALTER COLUMN app_id SET NOT NULL,
    ALTER COLUMN date SET NOT NULL,
    ALTER COLUMN total_requests SET NOT NULL,
    ALTER COLUMN unique_visitors SET NOT NULL,
    ALTER COLUMN unique_sessions SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL,
    ALTER COLUMN updated_at SET NOT NULL;

ALTER TABLE hourly_statistics
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN application_id SET NOT NULL,
    ALTER COLUMN app_id SET NOT NULL,
    ALTER COLUMN date SET NOT NULL,
    ALTER COLUMN hour SET NOT NULL,
    ALTER COLUMN total_requests SET NOT NULL,
    ALTER COLUMN unique_visitors SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL,
    ALTER COLUMN updated_at SET NOT NULL;

ALTER TABLE batch_jobs
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN job_type SET NOT NULL,
    ALTER COLUMN status SET NOT NULL,
    ALTER COLUMN batch_size SET NOT NULL,
    ALTER COLUMN processed_count SET NOT NULL,
    ALTER COLUMN error_count SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL,
    ALTER COLUMN updated_at SET NOT NULL;

ALTER TABLE batch_queue
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN tracking_data SET NOT NULL,
    ALTER COLUMN priority SET NOT NULL,
    ALTER COLUMN retry_count SET NOT NULL,
    ALTER COLUMN max_retries SET NOT NULL,
    ALTER COLUMN status SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL,
    ALTER COLUMN updated_at SET NOT NULL;

ALTER TABLE api_keys
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN application_id SET NOT NULL,
    ALTER COLUMN key_hash SET NOT NULL,
    ALTER COLUMN permissions SET NOT NULL,
    ALTER COLUMN is_active SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL;

ALTER TABLE webhooks
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN application_id SET NOT NULL,
    ALTER COLUMN url SET NOT NULL,
    ALTER COLUMN events SET NOT NULL,
    ALTER COLUMN is_active SET NOT NULL,
    ALTER COLUMN failure_count SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL,
    ALTER COLUMN updated_at SET NOT NULL;
