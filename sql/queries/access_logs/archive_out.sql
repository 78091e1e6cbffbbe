-- All columns of the hits of some hours of an application, each with its parameter values, as CSV.
COPY (
    SELECT id, application_id, app_id, client_sub_id, module_id, url, referrer, user_agent, ip_address, session_id,
           screen_resolution, language, timezone, place, event_name, event_data, custom_params,
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
