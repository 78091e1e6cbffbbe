-- The schema as it is now: what an empty database has after every file of sql/migrations. Written by `make schema`.
-- "decision" names a record of docs/decisions.

SET check_function_bodies = false; -- functions stand before the tables that they use

-- Gives text the GIN operator class that the index on page_type needs (decision 0001).
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;

-- How the defined parameters of new hits are written: a JSON array of rows.
--
-- Each row's foreign keys are checked by queries that PostgreSQL prepares by itself. Against a partitioned table it
-- would plan them anew for every row, because a plan for one month looks cheaper than one for all; kept plans that
-- find the month when they run halve the cost. A plan that is made while a month is still empty would read it whole,
-- and go on so when it is not empty any more: hence no sequential scans. These settings of a function end with it and
-- pin no connection.
CREATE FUNCTION add_custom_parameter_values(given jsonb) RETURNS void
    LANGUAGE sql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
    INSERT INTO custom_parameter_values (access_log_id, application_id, parameter_key, parameter_value, created_at)
    SELECT access_log_id, application_id, parameter_key, parameter_value, created_at
      FROM jsonb_to_recordset(given) AS parameter (
          access_log_id BIGINT, application_id UUID, parameter_key TEXT, parameter_value TEXT,
          created_at TIMESTAMP WITH TIME ZONE
      );
$$;

-- How the defined parameters of new hits are written: a JSON array of hits, each with an object of its values.
--
-- The settings are those of add_custom_parameter_values, which workers of an earlier version call. An id is made of the
-- hit's, which grow with time, and the place of the value: entries of the primary key go to the end of its index, where
-- random ones would touch and log a page each.
CREATE FUNCTION add_values_of_hits(given json) RETURNS void
    LANGUAGE sql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
    INSERT INTO custom_parameter_values (id, access_log_id, application_id, parameter_key, parameter_value, created_at)
    SELECT (hit.first_id || lpad(to_hex(place), 12, '0'))::uuid, hit.id, hit.application_id, parameter.key, parameter.value,
           hit.created_at
      FROM json_to_recordset(given) AS hit (
               id BIGINT, application_id UUID, created_at TIMESTAMP WITH TIME ZONE, first_id TEXT, "values" JSON
           ),
           json_each_text(hit."values") WITH ORDINALITY AS parameter (key, value, place);
$$;

-- Makes one month (YYYY-MM, UTC) of both tables; a month that is there already is left alone.
CREATE FUNCTION create_monthly_partition(year_month text) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM create_monthly_partition_of('access_logs', year_month);
    PERFORM create_monthly_partition_of('custom_parameter_values', year_month);
END;
$$;

-- One month of one table. What is there stays; a table that stands alone is attached with its rows.
CREATE FUNCTION create_monthly_partition_of(parent text, year_month text) RETURNS void
    LANGUAGE plpgsql
    AS $_$
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
$_$;

-- Whoever changes the files of an application holds its lock in common, and whoever notes a tally of them alone: so that
-- no file that is not to be seen yet is overlooked by either.
CREATE FUNCTION drop_facts_tallies() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('facts_tallies ' || application_id, 0))
    FROM (SELECT DISTINCT application_id FROM changed ORDER BY application_id) AS applications;
    DELETE FROM facts_tallies USING changed
    WHERE facts_tallies.application_id = changed.application_id
      AND changed.date BETWEEN facts_tallies.first_date AND facts_tallies.last_date;
    RETURN NULL;
END;
$$;

-- An increment is appended by whoever stores hits, and by whoever recounts an hour: both make its facts anew.
CREATE FUNCTION mark_facts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO facts_marks (application_id, date, hour, minutes)
    SELECT application_id, date, hour, minutes FROM added;
    RETURN NULL;
END;
$$;

-- An increment counts as stored from the moment it is written; when it goes (folded, or recounted) it goes into the ledger.
CREATE FUNCTION note_increments_in_ledger() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO ledger_changes (application_id, hour, stored)
    SELECT application_id, date_trunc('hour', received_at, 'UTC'), sum(total_requests)
      FROM gone
     WHERE received_at IS NOT NULL
     GROUP BY application_id, date_trunc('hour', received_at, 'UTC');
    RETURN NULL;
END
$$;

-- The elements of an array parameter as text, strings as they are; nothing where the text is no JSON array, which
-- happens after a definition's type was changed.
CREATE FUNCTION statistics_elements(parameter_value text) RETURNS SETOF text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
BEGIN
    RETURN QUERY SELECT coalesce(element, 'null') FROM jsonb_array_elements_text(parameter_value::jsonb) AS element;
EXCEPTION WHEN data_exception THEN
    RETURN;
END;
$$;

-- The digest of a session.
CREATE FUNCTION statistics_session(session_id text) RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT encode(substring(sha256(convert_to(session_id, 'UTF8')) FROM 1 FOR 16), 'hex')::uuid
$$;

-- The same digest without backslashes, whose meaning a server's standard_conforming_strings decides.
CREATE FUNCTION statistics_visitor(client_sub_id text, ip_address inet, user_agent text) RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT encode(substring(sha256(
        CASE WHEN client_sub_id IS NOT NULL THEN decode('01', 'hex') || convert_to(client_sub_id, 'UTF8')
             ELSE decode('02', 'hex') || coalesce(inet_send(ip_address), decode('00', 'hex'))
                  || coalesce(decode('01', 'hex') || convert_to(user_agent, 'UTF8'), decode('00', 'hex'))
        END) FROM 1 FOR 16), 'hex')::uuid
$$;

CREATE TABLE access_logs (
    id bigint NOT NULL,
    application_id uuid NOT NULL, -- no foreign key: writers would all lock the application's row (decision 0006)
    app_id character varying(50) NOT NULL,
    client_sub_id character varying(100),
    module_id character varying(100),
    url text,
    referrer text,
    user_agent text,
    ip_address inet,
    session_id character varying(100),
    screen_resolution character varying(20),
    language character varying(10),
    timezone character varying(50),
    event_name character varying(100),
    event_data jsonb,
    custom_params jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    place character varying(200) -- Where a hit came from, by its address before that was shortened (docs/reports.md#countries): a country, and a region and a city where the operator's database has them, as DE/Bavaria/Munich. NULL: unknown, or before this migration.
)
PARTITION BY RANGE (created_at);

CREATE SEQUENCE access_logs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE access_logs_id_seq OWNED BY access_logs.id;

-- What happened on a day, beside its numbers.
CREATE TABLE annotations (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    day date NOT NULL,
    text character varying(500) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE api_keys (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    key_hash character varying(255) NOT NULL,
    name character varying(255),
    permissions jsonb DEFAULT '{}'::jsonb NOT NULL,
    last_used_at timestamp with time zone,
    expires_at timestamp with time zone,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE application_settings (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    setting_key character varying(100) NOT NULL,
    setting_value text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE applications (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    app_id character varying(50) NOT NULL,
    name character varying(255) NOT NULL,
    description text,
    domain character varying(255),
    api_key_hash character varying(255) NOT NULL,
    status character varying(20) DEFAULT 'active'::character varying NOT NULL,
    rate_limit_per_minute integer DEFAULT 1000 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    api_key_last_used_at timestamp with time zone, -- When the key that an application was made with, or the one in its place, was last used.
    CONSTRAINT applications_status_check CHECK (((status)::text = ANY ((ARRAY['active'::character varying, 'inactive'::character varying, 'suspended'::character varying])::text[])))
);

-- People whom an erasure takes out of the files of archived months; whoever writes facts does it.
CREATE TABLE archive_erasures (
    erasure_id uuid NOT NULL,
    application_id uuid NOT NULL,
    client_sub_ids text[] NOT NULL,
    session_ids text[] NOT NULL,
    addresses text[] NOT NULL,
    facts bigint DEFAULT 0 NOT NULL, -- how many were erased
    hits bigint DEFAULT 0 NOT NULL,
    done_at timestamp with time zone
);

-- Days of these that were compared with their rows, before these are dropped.
CREATE TABLE archived_days (
    application_id uuid NOT NULL,
    date date NOT NULL,
    hits bigint NOT NULL,
    facts_id bigint NOT NULL, -- the newest file of its facts then: with another one it is to be compared again
    has_hits boolean DEFAULT false NOT NULL -- whether archived_hits has all of them
);

-- Files with all columns of the hits of some hours. One that was replaced is to be removed from the disk.
CREATE TABLE archived_hits (
    id bigint NOT NULL,
    application_id uuid NOT NULL,
    date date NOT NULL,
    first_hour smallint NOT NULL,
    last_hour smallint NOT NULL,
    name character varying(200) NOT NULL, -- below the folder of the facts
    hits bigint NOT NULL,
    bytes bigint NOT NULL,
    checksum character varying(32) NOT NULL, -- BLAKE2b of the file
    rows_checksum character varying(32) NOT NULL, -- of its rows as PostgreSQL writes them
    restored_at timestamp with time zone, -- when its rows were last brought back; NULL: they are not in PostgreSQL
    replaced_at timestamp with time zone
);

ALTER TABLE archived_hits ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME archived_hits_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Months whose facts stay readable when PostgreSQL has dropped their rows, and come back from files where all columns of
-- the hits were kept (docs/reports.md).
CREATE TABLE archived_months (
    month date NOT NULL, -- its first day (UTC)
    has_hits boolean NOT NULL, -- whether all columns of its hits are kept (archived_hits), and not the facts alone
    dropped_at timestamp with time zone, -- from then on its files are all there is; NULL: its rows are in PostgreSQL
    restored_at timestamp with time zone -- its rows were brought back: it stays until an operator lets it go
);

-- Who changed what. No foreign keys: what happened stays true after the key or the application is gone.
CREATE TABLE audit_log (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor_kind character varying(10) NOT NULL,
    actor_key_id uuid, -- NULL with the kind 'key': the application's first key
    application_id uuid,
    action character varying(50) NOT NULL, -- what kind of thing, a point, and what was done to it: api_key.revoked
    subject character varying(255) NOT NULL, -- which one: a key's id, a parameter's key, a setting's name
    before jsonb, -- what changed, as it was; never a secret or its hash
    after jsonb,
    CONSTRAINT audit_log_actor_kind_check CHECK (((actor_kind)::text = ANY ((ARRAY['admin'::character varying, 'key'::character varying, 'command'::character varying, 'scheduler'::character varying])::text[])))
);

ALTER TABLE audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE batch_jobs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    job_type character varying(50) NOT NULL,
    status character varying(20) DEFAULT 'pending'::character varying NOT NULL,
    batch_size integer DEFAULT 100 NOT NULL,
    processed_count integer DEFAULT 0 NOT NULL,
    error_count integer DEFAULT 0 NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    error_message text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT batch_jobs_status_check CHECK (((status)::text = ANY ((ARRAY['pending'::character varying, 'processing'::character varying, 'completed'::character varying, 'failed'::character varying])::text[])))
);

-- What must outlive Redis: entries that failed for good, and entries accepted while Redis was unavailable (decision 0009).
CREATE TABLE batch_queue (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    tracking_data jsonb NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    retry_count integer DEFAULT 0 NOT NULL,
    max_retries integer DEFAULT 3 NOT NULL,
    status character varying(20) DEFAULT 'queued'::character varying NOT NULL,
    processed_at timestamp with time zone,
    error_message text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT batch_queue_status_check CHECK (((status)::text = ANY ((ARRAY['queued'::character varying, 'processing'::character varying, 'completed'::character varying, 'failed'::character varying])::text[])))
);

-- The events of hits that the receiver kept in batch_queue while Redis, which knows events otherwise, was unavailable.
CREATE TABLE batch_queue_events (
    application_id uuid NOT NULL, -- no foreign key: concurrent hits would all lock the same row
    event_id uuid NOT NULL,
    tracking_id uuid NOT NULL, -- the first hit's
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE custom_parameter_definitions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    parameter_key character varying(100) NOT NULL,
    parameter_name character varying(255) NOT NULL,
    parameter_type character varying(50) NOT NULL,
    description text,
    is_required boolean DEFAULT false NOT NULL,
    default_value text,
    validation_rules jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT custom_parameter_definitions_parameter_type_check CHECK (((parameter_type)::text = ANY ((ARRAY['string'::character varying, 'number'::character varying, 'boolean'::character varying, 'array'::character varying, 'object'::character varying])::text[])))
);

-- How many parameters were refused, per day (UTC) and reason: the ledger of what the definitions dropped.
CREATE TABLE custom_parameter_refusals (
    application_id uuid NOT NULL,
    date date NOT NULL,
    parameter_key character varying(100) NOT NULL,
    reason character varying(30) NOT NULL,
    refused bigint NOT NULL
);

-- One row per hit and defined parameter, by month like access_logs (decision 0005). The foreign key fixes the order
-- in which an old month goes: this table's month first, then that of access_logs.
CREATE TABLE custom_parameter_values (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    access_log_id bigint NOT NULL,
    application_id uuid NOT NULL,
    parameter_key character varying(100) NOT NULL,
    parameter_value text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
)
PARTITION BY RANGE (created_at);

CREATE TABLE daily_statistics (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    app_id character varying(50) NOT NULL,
    date date NOT NULL,
    total_requests bigint DEFAULT 0 NOT NULL,
    unique_visitors bigint DEFAULT 0 NOT NULL,
    unique_sessions bigint DEFAULT 0 NOT NULL,
    custom_param_stats jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

-- Sessions of the dashboard that somebody has ended before their time: their cookies count no more.
CREATE TABLE dashboard_sign_outs (
    session_id character varying(64) NOT NULL, -- random, from the cookie; it says nothing about a person or a key
    expires_at timestamp with time zone NOT NULL -- when the cookie counts no more by itself
);

-- What is not deleted although it is due, and why; a row goes when the reason is gone.
CREATE TABLE deletion_refusals (
    subject character varying(20) NOT NULL,
    kind character varying(200) NOT NULL, -- equal for as long as the reason is the same, whatever numbers its sentence names
    reason text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);

-- Erasures of a person's data, or of a whole application's, as they were asked for, and their receipts.
CREATE TABLE erasures (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    kind character varying(20) NOT NULL,
    identifiers jsonb, -- whose rows: NULL as soon as it is done, so that nothing here names the person
    digests jsonb NOT NULL, -- slow hashes of the identifiers, with this row's id as salt
    state character varying(10) DEFAULT 'waiting'::character varying NOT NULL,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL, -- how many rows of which place, counted in the transactions that delete them
    notes jsonb DEFAULT '[]'::jsonb NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    leased_until timestamp with time zone, -- by the clock of this server: who is silent for longer has ended
    leased_by character varying(200),
    CONSTRAINT erasures_kind_check CHECK (((kind)::text = ANY ((ARRAY['person'::character varying, 'application'::character varying, 'import'::character varying])::text[]))),
    CONSTRAINT erasures_state_check CHECK (((state)::text = ANY ((ARRAY['waiting'::character varying, 'running'::character varying, 'done'::character varying])::text[])))
);

-- The files of the copy. One that was replaced is still there for whoever is reading it.
CREATE TABLE facts_files (
    id bigint NOT NULL,
    application_id uuid NOT NULL,
    date date NOT NULL,
    first_hour smallint NOT NULL,
    last_hour smallint NOT NULL,
    name character varying(200) NOT NULL, -- below the folder
    facts bigint NOT NULL,
    bytes bigint NOT NULL,
    checksum character varying(64) NOT NULL, -- BLAKE2b of the whole file
    parameters text[] NOT NULL, -- the custom parameters that it has a column for
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    replaced_at timestamp with time zone,
    first_minute smallint DEFAULT 0 NOT NULL, -- of the first hour
    last_minute smallint DEFAULT 59 NOT NULL -- of the last hour, included
);

ALTER TABLE facts_files ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME facts_files_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Which folder holds the copy: the scheduler's is recognised by its name, so that no other is mistaken for it.
CREATE TABLE facts_folder (
    is_single boolean DEFAULT true NOT NULL, -- one row, none before the first turn
    id uuid, -- NULL: there is no copy yet
    problem text, -- why nothing can be written; NULL: it can
    problem_since timestamp with time zone,
    CONSTRAINT facts_folder_is_single_check CHECK (is_single)
);

-- Hours whose facts do not say any more what access_logs says: hits were stored, or deleted, in these minutes.
CREATE TABLE facts_marks (
    id bigint NOT NULL,
    application_id uuid NOT NULL, -- no foreign key: concurrent hits would all lock the same row
    date date NOT NULL,
    hour smallint NOT NULL,
    minutes bigint -- bits 0 to 59; NULL: all of them
);

ALTER TABLE facts_marks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME facts_marks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Tallies of the facts (decision 0135): counts by day from which visitors of any run of days follow without telling them
-- apart. One says what some files say, and goes in the transaction in which any of them does.
CREATE TABLE facts_tallies (
    application_id uuid NOT NULL, -- no foreign key, as of the files: whoever removes these removes it
    id uuid NOT NULL, -- another one whenever it is made anew
    zone text NOT NULL,
    first date NOT NULL, -- of the site's time zone
    last date NOT NULL,
    timeout_minutes integer NOT NULL, -- after which its visits were over
    kinds text[] NOT NULL, -- the dimensions that it has
    first_date date NOT NULL, -- of the files (UTC)
    last_date date NOT NULL,
    content bytea NOT NULL, -- Parquet
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    checksum text NOT NULL -- of the content: BLAKE2b, 128 bits
);

-- Hits that were not counted as visits, by hour and reason: none is left out silently.
CREATE TABLE filtered_hits (
    application_id uuid NOT NULL,
    hour timestamp with time zone NOT NULL,
    reason character varying(30) NOT NULL,
    hits bigint NOT NULL
);

-- Such steps, one after the other within a visit.
CREATE TABLE funnels (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    name character varying(255) NOT NULL,
    steps text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

-- A page that is viewed or an event that happens, as tracker/goal.py writes it: `page:/thanks`, `event:signup`.
CREATE TABLE goals (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    name character varying(255) NOT NULL,
    step character varying(1100) NOT NULL,
    value_parameter character varying(100), -- the custom parameter whose numbers are added up
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE hourly_statistics (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    app_id character varying(50) NOT NULL,
    date date NOT NULL,
    hour integer NOT NULL,
    total_requests bigint DEFAULT 0 NOT NULL,
    unique_visitors bigint DEFAULT 0 NOT NULL,
    custom_param_stats jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT hourly_statistics_hour_check CHECK (((hour >= 0) AND (hour <= 23)))
);

-- One row each time a file of a log was read, or one that is followed.
CREATE TABLE import_runs (
    id bigint NOT NULL,
    import_id integer NOT NULL,
    file text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone, -- NULL while it goes on, and where it was broken off
    counts jsonb DEFAULT '{}'::jsonb NOT NULL -- of its lines: how many were queued, known, left out and so on
);

ALTER TABLE import_runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME import_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Lines that imports have left out, so that each counts once in filtered_hits however often its log is imported.
CREATE TABLE imported_filtered (
    import_id integer NOT NULL,
    hit_id bigint NOT NULL, -- the id that the line's hit would have
    hour timestamp with time zone NOT NULL,
    reason character varying(30) NOT NULL
);

-- The hits that an import has stored, a row a batch, written in the transaction that stores them.
CREATE TABLE imported_hits (
    id bigint NOT NULL,
    import_id integer NOT NULL,
    accepted_at timestamp with time zone NOT NULL, -- when the first of them was queued
    first_at timestamp with time zone NOT NULL, -- created_at of the first and the last of them
    last_at timestamp with time zone NOT NULL,
    hits integer NOT NULL, -- below 0 where hits were taken out, to be stored anew
    ids bigint[] NOT NULL, -- the keys in access_logs: ids, and created_at in the same order
    times timestamp with time zone[] NOT NULL
);

ALTER TABLE imported_hits ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME imported_hits_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- What was imported, so that it can be listed and undone. A log is known by the name that `import --source` says.
CREATE TABLE imports (
    id integer NOT NULL, -- the priorities of its entries say it
    application_id uuid NOT NULL,
    source text NOT NULL
);

ALTER TABLE imports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME imports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Which database this is, and which processes work with it: so that two instances which are mixed up are noticed.
CREATE TABLE instance (
    is_single boolean DEFAULT true NOT NULL, -- one row
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    queue_id uuid, -- the Redis that this database used last; NULL before the first
    CONSTRAINT instance_is_single_check CHECK (is_single)
);

-- Who may do what only one process should be doing. Times are of this server's clock alone.
CREATE TABLE leases (
    name character varying(50) NOT NULL,
    owner character varying(200) NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

-- The ledger: for each application and hour in which hits were accepted (its beginning, UTC), what became of them.
-- Imported hits are not in it: an import can be run again.
CREATE TABLE ledger (
    application_id uuid NOT NULL,
    hour timestamp with time zone NOT NULL,
    accepted bigint DEFAULT 0 NOT NULL, -- acknowledged, and put into the queue
    stored bigint DEFAULT 0 NOT NULL,
    repeated bigint DEFAULT 0 NOT NULL, -- accepted once more with the id or the event of a hit that had come before
    discarded bigint DEFAULT 0 NOT NULL, -- failed, and given up by an operator
    erased bigint DEFAULT 0 NOT NULL, -- taken out of the queue by an erasure
    written_off bigint DEFAULT 0 NOT NULL, -- lost, and an operator knows
    dropped bigint DEFAULT 0 NOT NULL, -- Hits that stood in access_logs and went with their month, in the hour in which it was dropped: beside the balance, for they were stored.
    restored bigint DEFAULT 0 NOT NULL -- Hits that came back with their month, in the hour in which it was restored.
);

-- What is to be added to it. Appended, so that those who write at the same time never wait for a row of the ledger.
CREATE TABLE ledger_changes (
    id bigint NOT NULL,
    application_id uuid NOT NULL, -- no foreign key: what is of a deleted application is passed over
    hour timestamp with time zone NOT NULL,
    accepted integer DEFAULT 0 NOT NULL,
    stored integer DEFAULT 0 NOT NULL,
    repeated integer DEFAULT 0 NOT NULL,
    discarded integer DEFAULT 0 NOT NULL,
    erased integer DEFAULT 0 NOT NULL,
    written_off integer DEFAULT 0 NOT NULL,
    dropped integer DEFAULT 0 NOT NULL,
    restored integer DEFAULT 0 NOT NULL
);

ALTER TABLE ledger_changes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ledger_changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Each Redis that has had the counts, by a mark that it loses with its data: with a second one some were lost.
CREATE TABLE ledger_epochs (
    epoch uuid NOT NULL,
    began_at timestamp with time zone NOT NULL
);

-- The sums of all hours that ever were, so that the balance costs the same however many there are.
CREATE TABLE ledger_totals (
    is_only boolean DEFAULT true NOT NULL,
    accepted bigint DEFAULT 0 NOT NULL,
    stored bigint DEFAULT 0 NOT NULL,
    repeated bigint DEFAULT 0 NOT NULL,
    discarded bigint DEFAULT 0 NOT NULL,
    erased bigint DEFAULT 0 NOT NULL,
    written_off bigint DEFAULT 0 NOT NULL,
    CONSTRAINT ledger_totals_is_only_check CHECK (is_only)
);

-- People of an application beside its keys (docs/dashboard.md): each joins by an invitation, and has a key of their own.
CREATE TABLE members (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    name character varying(255) NOT NULL,
    role character varying(10) NOT NULL, -- that they were invited to; what they may stands in their key
    key_id uuid, -- NULL: they have not joined
    token_hash character varying(64), -- SHA-256 of the invitation's token; NULL: it was used
    expires_at timestamp with time zone NOT NULL, -- until then the invitation counts
    invited_by character varying(10) NOT NULL, -- as audit_log.actor_kind and actor_key_id
    invited_by_key_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    email character varying(254), -- Members who sign in by OpenID Connect (docs/sign-in.md): whom the provider knows them as, and to which address they were invited.
    issuer character varying(255),
    subject character varying(255),
    replaced_key_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL, -- keys of the member that others have replaced
    CONSTRAINT members_role_check CHECK (((role)::text = ANY ((ARRAY['owner'::character varying, 'editor'::character varying, 'viewer'::character varying])::text[])))
);

-- What the operator allows an application at most, so that its owner can lower a limit and raise it again, no further.
CREATE TABLE operator_limits (
    application_id uuid NOT NULL,
    limit_name character varying(100) NOT NULL, -- rate_limit_per_minute, or the key of a setting
    limit_value bigint NOT NULL
);

CREATE TABLE processes (
    name character varying(300) NOT NULL, -- what it is, host and process id
    queue_id uuid NOT NULL, -- the Redis that it works with
    seen_at timestamp with time zone NOT NULL -- by the clock of this server
);

-- What keeps a wrong clock or a mistyped setting from deleting: see docs/decisions/0079-deleting-by-two-clocks.md.
CREATE TABLE retention_state (
    only_row boolean DEFAULT true NOT NULL,
    deleted_as_of timestamp with time zone NOT NULL, -- the time by which was deleted last
    retention_months integer, -- TRACKER_RETENTION_MONTHS of the scheduler that works; 0 keeps all
    reported_at timestamp with time zone, -- when it said so
    CONSTRAINT retention_state_only_row_check CHECK (only_row)
);

-- Filters of an application's traffic that its members choose together, under a name (docs/dashboard.md).
CREATE TABLE segments (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    name character varying(255) NOT NULL,
    filters jsonb NOT NULL, -- values by names, as addresses of the dashboard have them: {"page.contains": "/blog/"}
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE sessions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    session_id character varying(100) NOT NULL,
    application_id uuid NOT NULL,
    app_id character varying(50) NOT NULL,
    client_sub_id character varying(100),
    module_id character varying(100),
    user_agent text,
    ip_address inet,
    first_accessed_at timestamp with time zone DEFAULT now() NOT NULL,
    last_accessed_at timestamp with time zone DEFAULT now() NOT NULL,
    page_views integer DEFAULT 1 NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    session_custom_params jsonb
);

-- Read-only links of one application. One that is revoked is gone; the audit log says that it was there.
CREATE TABLE shares (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    name character varying(255) NOT NULL,
    token_hash character varying(64) NOT NULL, -- SHA-256 of the link's token
    frame_origins text[] NOT NULL, -- whose pages may show it in a frame: https://example.org
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone, -- NULL: it ends by being revoked alone
    password_hash text -- scrypt of the password; NULL: whoever has the link may look
);

-- What one transaction of a worker adds to one hour of one application. The three arrays of parameters belong
-- together, one element for each value.
CREATE TABLE statistics_increments (
    id bigint NOT NULL,
    application_id uuid NOT NULL,
    received_at timestamp with time zone, -- when the first of the hits was accepted; NULL: all of them were imported
    date date NOT NULL,
    hour smallint NOT NULL,
    total_requests integer NOT NULL,
    visitors uuid[] NOT NULL,
    sessions uuid[] NOT NULL,
    parameter_keys text[] NOT NULL,
    parameter_values text[] NOT NULL,
    parameter_counts integer[] NOT NULL,
    minutes bigint -- The minutes of its hour that the hits of an increment fall into, as bits; NULL: any of them.
);

ALTER TABLE statistics_increments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME statistics_increments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Hours and days in which hits were received, to be completed once.
CREATE TABLE statistics_periods (
    application_id uuid NOT NULL,
    date date NOT NULL,
    hour smallint NOT NULL,
    completed_at timestamp with time zone,
    CONSTRAINT statistics_periods_hour_check CHECK (((hour >= '-1'::integer) AND (hour <= 23)))
);

-- Before which day raw rows of an application have been removed, so that a recount would find too little.
CREATE TABLE statistics_removals (
    application_id uuid NOT NULL,
    before date NOT NULL
);

CREATE TABLE statistics_sessions (
    application_id uuid NOT NULL,
    session uuid NOT NULL,
    date date NOT NULL
);

-- How often each value of a parameter was seen, of which custom_param_stats shows the most frequent. The free space
-- lets a count change where it stands, without new index entries.
CREATE TABLE statistics_values (
    application_id uuid NOT NULL,
    count bigint NOT NULL,
    date date NOT NULL,
    hour smallint NOT NULL,
    parameter_key character varying(100) NOT NULL COLLATE pg_catalog."C",
    parameter_value text NOT NULL COLLATE pg_catalog."C"
)
WITH (fillfactor='70');

-- The visitors and sessions that are counted already: what makes unique numbers exact. Bit 0 to 23 of hours says in
-- which hours of the day a visitor was seen; the free space lets it change without a new index entry.
CREATE TABLE statistics_visitors (
    application_id uuid NOT NULL,
    visitor uuid NOT NULL,
    date date NOT NULL,
    hours integer NOT NULL
)
WITH (fillfactor='90');

CREATE TABLE webhook_attempts (
    delivery_id bigint NOT NULL,
    attempt integer NOT NULL,
    attempted_at timestamp with time zone NOT NULL,
    status integer,
    error character varying(500),
    duration_ms integer
);

-- One event for one webhook. The numbers of its attempts never repeat: a redelivery goes on counting, and its schedule
-- of retries begins after `attempts_before`.
CREATE TABLE webhook_deliveries (
    id bigint NOT NULL,
    webhook_id uuid NOT NULL,
    event_id character varying(100) NOT NULL, -- the header webhook-id
    event_type character varying(150) NOT NULL,
    payload text NOT NULL, -- the body, as it is signed and sent
    state character varying(10) DEFAULT 'waiting'::character varying NOT NULL,
    attempt integer DEFAULT 0 NOT NULL, -- attempts made
    attempts_before integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone NOT NULL,
    leased_until timestamp with time zone,
    leased_by character varying(200),
    last_status integer,
    last_error character varying(500),
    duration_ms integer,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT webhook_deliveries_state_check CHECK (((state)::text = ANY ((ARRAY['waiting'::character varying, 'delivered'::character varying, 'failed'::character varying])::text[])))
);

ALTER TABLE webhook_deliveries ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME webhook_deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE webhooks (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    application_id uuid NOT NULL,
    url text NOT NULL,
    events jsonb NOT NULL,
    secret character varying(255),
    is_active boolean DEFAULT true NOT NULL,
    last_triggered_at timestamp with time zone,
    failure_count integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    previous_secret character varying(255), -- Webhooks: what is to be sent to whom, what became of each attempt, and how the endpoint fares.
    previous_secret_expires_at timestamp with time zone,
    failing_since timestamp with time zone,
    paused_until timestamp with time zone,
    disabled_at timestamp with time zone,
    disabled_reason character varying(200),
    backlog_full_since timestamp with time zone -- A webhook for which too many deliveries wait: new ones are written as failed until there is room again.
);

-- The weeks whose summary was told to webhooks, by their first day.
CREATE TABLE weekly_reports (
    application_id uuid NOT NULL,
    week date NOT NULL,
    published_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY access_logs ALTER COLUMN id SET DEFAULT nextval('access_logs_id_seq'::regclass);

ALTER TABLE ONLY access_logs
    ADD CONSTRAINT access_logs_pkey PRIMARY KEY (id, created_at);

ALTER TABLE ONLY annotations
    ADD CONSTRAINT annotations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY application_settings
    ADD CONSTRAINT application_settings_application_id_setting_key_key UNIQUE (application_id, setting_key);

ALTER TABLE ONLY application_settings
    ADD CONSTRAINT application_settings_pkey PRIMARY KEY (id);

ALTER TABLE ONLY applications
    ADD CONSTRAINT applications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY archive_erasures
    ADD CONSTRAINT archive_erasures_pkey PRIMARY KEY (erasure_id);

ALTER TABLE ONLY archived_days
    ADD CONSTRAINT archived_days_pkey PRIMARY KEY (date, application_id);

ALTER TABLE ONLY archived_hits
    ADD CONSTRAINT archived_hits_pkey PRIMARY KEY (id);

ALTER TABLE ONLY archived_months
    ADD CONSTRAINT archived_months_pkey PRIMARY KEY (month);

ALTER TABLE ONLY audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY batch_jobs
    ADD CONSTRAINT batch_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY batch_queue_events
    ADD CONSTRAINT batch_queue_events_pkey PRIMARY KEY (application_id, event_id);

ALTER TABLE ONLY batch_queue
    ADD CONSTRAINT batch_queue_pkey PRIMARY KEY (id);

ALTER TABLE ONLY custom_parameter_definitions
    ADD CONSTRAINT custom_parameter_definitions_application_id_parameter_key_key UNIQUE (application_id, parameter_key);

ALTER TABLE ONLY custom_parameter_definitions
    ADD CONSTRAINT custom_parameter_definitions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY custom_parameter_refusals
    ADD CONSTRAINT custom_parameter_refusals_pkey PRIMARY KEY (application_id, date, parameter_key, reason);

ALTER TABLE ONLY custom_parameter_values
    ADD CONSTRAINT custom_parameter_values_pkey PRIMARY KEY (id, created_at);

ALTER TABLE ONLY daily_statistics
    ADD CONSTRAINT daily_statistics_application_id_date_key UNIQUE (application_id, date);

ALTER TABLE ONLY daily_statistics
    ADD CONSTRAINT daily_statistics_pkey PRIMARY KEY (id);

ALTER TABLE ONLY dashboard_sign_outs
    ADD CONSTRAINT dashboard_sign_outs_pkey PRIMARY KEY (session_id);

ALTER TABLE ONLY deletion_refusals
    ADD CONSTRAINT deletion_refusals_pkey PRIMARY KEY (subject);

ALTER TABLE ONLY erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY facts_files
    ADD CONSTRAINT facts_files_pkey PRIMARY KEY (id);

ALTER TABLE ONLY facts_folder
    ADD CONSTRAINT facts_folder_pkey PRIMARY KEY (is_single);

ALTER TABLE ONLY facts_marks
    ADD CONSTRAINT facts_marks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY facts_tallies
    ADD CONSTRAINT facts_tallies_pkey PRIMARY KEY (application_id);

ALTER TABLE ONLY filtered_hits
    ADD CONSTRAINT filtered_hits_pkey PRIMARY KEY (application_id, hour, reason);

ALTER TABLE ONLY funnels
    ADD CONSTRAINT funnels_pkey PRIMARY KEY (id);

ALTER TABLE ONLY goals
    ADD CONSTRAINT goals_pkey PRIMARY KEY (id);

ALTER TABLE ONLY hourly_statistics
    ADD CONSTRAINT hourly_statistics_application_id_date_hour_key UNIQUE (application_id, date, hour);

ALTER TABLE ONLY hourly_statistics
    ADD CONSTRAINT hourly_statistics_pkey PRIMARY KEY (id);

ALTER TABLE ONLY api_keys
    ADD CONSTRAINT idx_api_keys_key_hash UNIQUE (key_hash);

ALTER TABLE ONLY applications
    ADD CONSTRAINT idx_applications_app_id UNIQUE (app_id);

ALTER TABLE ONLY sessions
    ADD CONSTRAINT idx_sessions_session_id UNIQUE (session_id);

ALTER TABLE ONLY webhook_deliveries
    ADD CONSTRAINT idx_webhook_deliveries_event UNIQUE (webhook_id, event_id);

ALTER TABLE ONLY import_runs
    ADD CONSTRAINT import_runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY imported_filtered
    ADD CONSTRAINT imported_filtered_pkey PRIMARY KEY (import_id, hit_id);

ALTER TABLE ONLY imported_hits
    ADD CONSTRAINT imported_hits_pkey PRIMARY KEY (id);

ALTER TABLE ONLY imports
    ADD CONSTRAINT imports_application_id_source_key UNIQUE (application_id, source);

ALTER TABLE ONLY imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY instance
    ADD CONSTRAINT instance_pkey PRIMARY KEY (is_single);

ALTER TABLE ONLY leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (name);

ALTER TABLE ONLY ledger_changes
    ADD CONSTRAINT ledger_changes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ledger_epochs
    ADD CONSTRAINT ledger_epochs_pkey PRIMARY KEY (epoch);

ALTER TABLE ONLY ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (hour, application_id);

ALTER TABLE ONLY ledger_totals
    ADD CONSTRAINT ledger_totals_pkey PRIMARY KEY (is_only);

ALTER TABLE ONLY members
    ADD CONSTRAINT members_key_id_key UNIQUE (key_id);

ALTER TABLE ONLY members
    ADD CONSTRAINT members_pkey PRIMARY KEY (id);

ALTER TABLE ONLY members
    ADD CONSTRAINT members_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY operator_limits
    ADD CONSTRAINT operator_limits_pkey PRIMARY KEY (application_id, limit_name);

ALTER TABLE ONLY processes
    ADD CONSTRAINT processes_pkey PRIMARY KEY (name);

ALTER TABLE ONLY retention_state
    ADD CONSTRAINT retention_state_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY segments
    ADD CONSTRAINT segments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY shares
    ADD CONSTRAINT shares_pkey PRIMARY KEY (id);

ALTER TABLE ONLY shares
    ADD CONSTRAINT shares_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY statistics_increments
    ADD CONSTRAINT statistics_increments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY statistics_periods
    ADD CONSTRAINT statistics_periods_pkey PRIMARY KEY (date, application_id, hour);

ALTER TABLE ONLY statistics_removals
    ADD CONSTRAINT statistics_removals_pkey PRIMARY KEY (application_id);

ALTER TABLE ONLY statistics_sessions
    ADD CONSTRAINT statistics_sessions_pkey PRIMARY KEY (date, application_id, session);

ALTER TABLE ONLY statistics_values
    ADD CONSTRAINT statistics_values_pkey PRIMARY KEY (date, application_id, hour, parameter_key, parameter_value);

ALTER TABLE ONLY statistics_visitors
    ADD CONSTRAINT statistics_visitors_pkey PRIMARY KEY (date, application_id, visitor);

ALTER TABLE ONLY webhook_attempts
    ADD CONSTRAINT webhook_attempts_pkey PRIMARY KEY (delivery_id, attempt);

ALTER TABLE ONLY webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY weekly_reports
    ADD CONSTRAINT weekly_reports_pkey PRIMARY KEY (application_id, week);

CREATE INDEX idx_access_logs_app_id ON ONLY access_logs USING btree (app_id);

CREATE INDEX idx_access_logs_client_sub_id ON ONLY access_logs USING btree (client_sub_id);

CREATE INDEX idx_access_logs_created_at ON ONLY access_logs USING btree (created_at);

CREATE INDEX idx_access_logs_custom_params ON ONLY access_logs USING gin (custom_params);

CREATE INDEX idx_access_logs_custom_params_page_type ON ONLY access_logs USING gin (((custom_params ->> 'page_type'::text)));

CREATE INDEX idx_access_logs_module_id ON ONLY access_logs USING btree (module_id);

CREATE INDEX idx_access_logs_session_id ON ONLY access_logs USING btree (session_id);

CREATE INDEX idx_annotations_day ON annotations USING btree (application_id, day);

CREATE INDEX idx_api_keys_application_id ON api_keys USING btree (application_id);

-- Finds the application that has a name among its aliases.
CREATE INDEX idx_application_settings_aliases ON application_settings USING gin (string_to_array(setting_value, ','::text)) WHERE ((setting_key)::text = 'aliases'::text);

CREATE INDEX idx_application_settings_app_id ON application_settings USING btree (application_id);

-- Management over HTTP finds the application by its key.
CREATE INDEX idx_applications_api_key_hash ON applications USING btree (api_key_hash);

CREATE INDEX idx_applications_created_at ON applications USING btree (created_at);

CREATE INDEX idx_applications_status ON applications USING btree (status);

CREATE INDEX idx_archived_hits_day ON archived_hits USING btree (date, application_id);

CREATE INDEX idx_audit_log_application ON audit_log USING btree (application_id, at, id);

CREATE INDEX idx_audit_log_at ON audit_log USING btree (at, id);

CREATE INDEX idx_batch_jobs_created_at ON batch_jobs USING btree (created_at);

CREATE INDEX idx_batch_jobs_status ON batch_jobs USING btree (status);

-- What has been taken in, by its age.
CREATE INDEX idx_batch_queue_completed ON batch_queue USING btree (processed_at) WHERE ((status)::text = 'completed'::text);

CREATE INDEX idx_batch_queue_created_at ON batch_queue USING btree (created_at);

CREATE INDEX idx_batch_queue_events_created ON batch_queue_events USING btree (created_at);

CREATE INDEX idx_batch_queue_events_tracking ON batch_queue_events USING btree (tracking_id);

CREATE INDEX idx_batch_queue_priority ON batch_queue USING btree (priority);

CREATE INDEX idx_batch_queue_status ON batch_queue USING btree (status);

-- What the receiver kept while Redis was unavailable, in the order in which it goes into the pipeline.
CREATE INDEX idx_batch_queue_waiting ON batch_queue USING btree (priority DESC, created_at) WHERE ((status)::text = 'queued'::text);

CREATE INDEX idx_custom_param_defs_app_id ON custom_parameter_definitions USING btree (application_id);

CREATE INDEX idx_custom_param_defs_key ON custom_parameter_definitions USING btree (parameter_key);

CREATE INDEX idx_custom_param_values_app_id ON ONLY custom_parameter_values USING btree (application_id);

CREATE INDEX idx_custom_param_values_key ON ONLY custom_parameter_values USING btree (parameter_key);

CREATE INDEX idx_custom_param_values_key_value ON ONLY custom_parameter_values USING btree (parameter_key, parameter_value);

CREATE INDEX idx_custom_param_values_log_id ON ONLY custom_parameter_values USING btree (access_log_id);

CREATE INDEX idx_daily_statistics_app_id ON daily_statistics USING btree (app_id);

CREATE INDEX idx_daily_statistics_custom_params ON daily_statistics USING gin (custom_param_stats);

CREATE INDEX idx_daily_statistics_date ON daily_statistics USING btree (date);

CREATE INDEX idx_dashboard_sign_outs_expires ON dashboard_sign_outs USING btree (expires_at);

CREATE INDEX idx_erasures_application ON erasures USING btree (application_id, requested_at, id);

CREATE INDEX idx_erasures_open ON erasures USING btree (requested_at) WHERE ((state)::text <> 'done'::text);

CREATE INDEX idx_facts_files_day ON facts_files USING btree (application_id, date);

CREATE INDEX idx_facts_files_replaced ON facts_files USING btree (replaced_at) WHERE (replaced_at IS NOT NULL);

CREATE INDEX idx_facts_marks_day ON facts_marks USING btree (application_id, date);

CREATE INDEX idx_funnels_application ON funnels USING btree (application_id);

CREATE INDEX idx_goals_application ON goals USING btree (application_id);

CREATE INDEX idx_hourly_statistics_app_id ON hourly_statistics USING btree (app_id);

CREATE INDEX idx_hourly_statistics_custom_params ON hourly_statistics USING gin (custom_param_stats);

CREATE INDEX idx_hourly_statistics_date_hour ON hourly_statistics USING btree (date, hour);

CREATE INDEX idx_import_runs_import ON import_runs USING btree (import_id, started_at);

CREATE INDEX idx_imported_filtered_hour ON imported_filtered USING btree (hour);

CREATE INDEX idx_imported_hits_import ON imported_hits USING btree (import_id, id);

CREATE INDEX idx_imported_hits_last ON imported_hits USING btree (last_at);

CREATE INDEX idx_members_application ON members USING btree (application_id);

CREATE UNIQUE INDEX idx_members_identity ON members USING btree (issuer, subject, application_id) WHERE (subject IS NOT NULL);

CREATE INDEX idx_members_invited_email ON members USING btree (email) WHERE ((key_id IS NULL) AND (email IS NOT NULL));

CREATE INDEX idx_segments_application ON segments USING btree (application_id);

-- The active sessions of an application by their last hit: those to end stand first.
CREATE INDEX idx_sessions_active ON sessions USING btree (application_id, last_accessed_at) WHERE is_active;

CREATE INDEX idx_sessions_app_id ON sessions USING btree (app_id);

CREATE INDEX idx_sessions_custom_params ON sessions USING gin (session_custom_params);

CREATE INDEX idx_sessions_is_active ON sessions USING btree (is_active);

CREATE INDEX idx_sessions_last_accessed_at ON sessions USING btree (last_accessed_at);

CREATE INDEX idx_shares_application ON shares USING btree (application_id);

CREATE INDEX idx_statistics_periods_open ON statistics_periods USING btree (date) WHERE (completed_at IS NULL);

CREATE INDEX idx_webhook_deliveries_due ON webhook_deliveries USING btree (webhook_id, due_at) WHERE ((state)::text = 'waiting'::text);

CREATE INDEX idx_webhook_deliveries_failed ON webhook_deliveries USING btree (webhook_id, id) WHERE ((state)::text = 'failed'::text);

CREATE INDEX idx_webhook_deliveries_failed_at ON webhook_deliveries USING btree (webhook_id, finished_at, id) WHERE ((state)::text = 'failed'::text);

CREATE INDEX idx_webhook_deliveries_finished ON webhook_deliveries USING btree (finished_at) WHERE (finished_at IS NOT NULL);

CREATE INDEX idx_webhook_deliveries_webhook ON webhook_deliveries USING btree (webhook_id, id);

CREATE INDEX idx_webhooks_application_id ON webhooks USING btree (application_id);

CREATE INDEX idx_webhooks_is_active ON webhooks USING btree (is_active);

CREATE TRIGGER drop_facts_tallies_of_gone AFTER DELETE ON facts_files REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION drop_facts_tallies();

CREATE TRIGGER drop_facts_tallies_of_new AFTER INSERT ON facts_files REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION drop_facts_tallies();

CREATE TRIGGER drop_facts_tallies_of_replaced AFTER UPDATE ON facts_files REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION drop_facts_tallies();

CREATE TRIGGER mark_facts AFTER INSERT ON statistics_increments REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION mark_facts();

CREATE TRIGGER note_increments_in_ledger AFTER DELETE ON statistics_increments REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_increments_in_ledger();

ALTER TABLE ONLY annotations
    ADD CONSTRAINT annotations_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY api_keys
    ADD CONSTRAINT api_keys_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY application_settings
    ADD CONSTRAINT application_settings_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY custom_parameter_definitions
    ADD CONSTRAINT custom_parameter_definitions_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY custom_parameter_refusals
    ADD CONSTRAINT custom_parameter_refusals_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE custom_parameter_values
    ADD CONSTRAINT custom_parameter_values_access_log_id_created_at_fkey FOREIGN KEY (access_log_id, created_at) REFERENCES access_logs(id, created_at) ON DELETE CASCADE;

ALTER TABLE custom_parameter_values
    ADD CONSTRAINT custom_parameter_values_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY daily_statistics
    ADD CONSTRAINT daily_statistics_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id);

ALTER TABLE ONLY erasures
    ADD CONSTRAINT erasures_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY filtered_hits
    ADD CONSTRAINT filtered_hits_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY funnels
    ADD CONSTRAINT funnels_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY goals
    ADD CONSTRAINT goals_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY hourly_statistics
    ADD CONSTRAINT hourly_statistics_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id);

ALTER TABLE ONLY import_runs
    ADD CONSTRAINT import_runs_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports(id) ON DELETE CASCADE;

ALTER TABLE ONLY imported_filtered
    ADD CONSTRAINT imported_filtered_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports(id) ON DELETE CASCADE;

ALTER TABLE ONLY imported_hits
    ADD CONSTRAINT imported_hits_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports(id) ON DELETE CASCADE;

ALTER TABLE ONLY imports
    ADD CONSTRAINT imports_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY ledger
    ADD CONSTRAINT ledger_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY members
    ADD CONSTRAINT members_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY members
    ADD CONSTRAINT members_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys(id) ON DELETE CASCADE;

ALTER TABLE ONLY operator_limits
    ADD CONSTRAINT operator_limits_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY segments
    ADD CONSTRAINT segments_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY sessions
    ADD CONSTRAINT sessions_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id);

ALTER TABLE ONLY shares
    ADD CONSTRAINT shares_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY statistics_periods
    ADD CONSTRAINT statistics_periods_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY statistics_removals
    ADD CONSTRAINT statistics_removals_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY webhook_attempts
    ADD CONSTRAINT webhook_attempts_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES webhook_deliveries(id) ON DELETE CASCADE;

ALTER TABLE ONLY webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks(id) ON DELETE CASCADE;

ALTER TABLE ONLY webhooks
    ADD CONSTRAINT webhooks_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

ALTER TABLE ONLY weekly_reports
    ADD CONSTRAINT weekly_reports_application_id_fkey FOREIGN KEY (application_id) REFERENCES applications(id) ON DELETE CASCADE;

--
--
