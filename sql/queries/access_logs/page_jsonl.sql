-- A page of an application's hits within a time, in the order of their times and ids: the place of each, 32 digits, before the values
-- of a line of JSON. COPY quotes texts as JSON does but for control characters, and JSON as if it were text: see tracker/reading/export_json.py.
COPY (
    WITH found AS (
        SELECT *, (extract(epoch FROM created_at) * 1000000)::bigint AS micros
        FROM access_logs
        WHERE application_id = %(application_id)s::uuid AND app_id = %(app_id)s
          AND created_at >= %(start)s::timestamptz AND created_at < %(end)s::timestamptz
          AND (%(after)s::timestamptz IS NULL
               OR (created_at >= %(after)s::timestamptz
                   AND (created_at, id) > (%(after)s::timestamptz, %(after_id)s::bigint)))
          AND (%(custom_params)s::jsonb IS NULL OR custom_params @> %(custom_params)s::jsonb)
          AND (%(event_name)s::text IS NULL OR event_name = %(event_name)s)
          AND (%(session_id)s::text IS NULL OR session_id = %(session_id)s)
          AND (%(client_sub_id)s::text IS NULL OR client_sub_id = %(client_sub_id)s)
        ORDER BY created_at, id
        LIMIT %(limit)s::integer
    )
    SELECT encode(int8send(id) || int8send(micros), 'hex') AS place,
           CASE WHEN id >= 0 AND micros >= 0 THEN
               encode(int8send((micros >> 11 << 16) | 32768 | ((micros & 2047) << 1) | (id >> 62))
                      || int8send((id & 4611686018427387903) | (-9223372036854775808)), 'hex')::uuid
           END AS tracking_id,
           to_char(created_at AT TIME ZONE 'UTC', CASE WHEN micros %% 1000000 = 0 THEN 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
                                                       ELSE 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' END) AS created_at,
           app_id, client_sub_id, module_id, url, referrer, user_agent, host(ip_address) AS ip_address, session_id,
           screen_resolution, language, timezone, event_name, event_data,
           CASE WHEN %(with_params)s THEN custom_params END AS custom_params
    FROM found ORDER BY found.created_at, found.id
) TO STDOUT (
    FORMAT csv, DELIMITER %(separator)s, QUOTE '"', ESCAPE %(escape)s, NULL 'null',
    FORCE_QUOTE (
        tracking_id, created_at, app_id, client_sub_id, module_id, url, referrer, user_agent, ip_address, session_id,
        screen_resolution, language, timezone, event_name
    )
)
