-- What the facts of some minutes of an application are made from, as CSV. Values are of what stands in `custom_params`.
COPY (
    SELECT (extract(epoch FROM created_at) * 1000000)::bigint, client_sub_id, ip_address::text, user_agent, session_id,
           url, referrer, language, screen_resolution, timezone, place, event_name, module_id,
           CASE WHEN event_data ->> 'status' ~ '^[1-5][0-9][0-9]$' THEN event_data ->> 'status' END,
           CASE WHEN custom_params ?| %(parameters)s::text[] THEN (
               SELECT json_object_agg(parameter_key, parameter_value)::text
               FROM custom_parameter_values AS given
               WHERE given.access_log_id = access_logs.id AND given.created_at = access_logs.created_at
                 AND given.created_at >= %(start)s::timestamptz AND given.created_at < %(end)s::timestamptz
                 AND given.parameter_key = ANY(%(parameters)s::text[])
           ) END
    FROM access_logs
    WHERE application_id = %(application_id)s::uuid
      AND created_at >= %(start)s::timestamptz AND created_at < %(end)s::timestamptz
      AND (%(minutes)s::bigint = (1::bigint << 60) - 1
           OR (%(minutes)s::bigint >> date_part('minute', created_at AT TIME ZONE 'UTC')::integer) & 1 = 1)
) TO STDOUT (FORMAT csv, NULL 'NULL', FORCE_QUOTE *)
