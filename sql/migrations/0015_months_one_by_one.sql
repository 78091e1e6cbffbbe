-- Months are made table by table, and a table of the month's name that stands alone is attached.

-- One month of one table. What is there stays; a table that stands alone is attached with its rows.
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

-- Makes one month (YYYY-MM, UTC) of both tables; a month that is there already is left alone.
CREATE OR REPLACE FUNCTION create_monthly_partition(year_month TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM create_monthly_partition_of('access_logs', year_month);
    PERFORM create_monthly_partition_of('custom_parameter_values', year_month);
END;
$$;
