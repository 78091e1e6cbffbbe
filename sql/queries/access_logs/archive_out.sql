-- Columns of the hits of some hours of an application, `created_at` and the parameter values of each behind them, as CSV.
COPY (
    SELECT {columns},
           to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00',
           (
               SELECT jsonb_agg(jsonb_build_array(given.id, parameter_key, parameter_value) ORDER BY given.id)
               FROM custom_parameter_values AS given
               WHERE given.access_log_id = access_logs.id AND given.created_at = access_logs.created_at
                 AND given.created_at >= %(start)s::timestamptz AND given.created_at < %(end)s::timestamptz
           )
    FROM access_logs
    WHERE application_id = %(application_id)s::uuid
      AND created_at >= %(start)s::timestamptz AND created_at < %(end)s::timestamptz
    ORDER BY created_at, id
) TO STDOUT (FORMAT csv, NULL 'NULL', FORCE_QUOTE *)
