-- A page of an application's hits within a time, in the order of their times and ids, as an export says them in a format. The tracking id
-- is that of `tracking_id_of` in tracker/hit.py. Behind all stands the place of a hit without one, 32 digits.
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
    SELECT CASE WHEN id >= 0 AND micros >= 0 THEN
               encode(int8send((micros >> 11 << 16) | 32768 | ((micros & 2047) << 1) | (id >> 62))
                      || int8send((id & 4611686018427387903) | (-9223372036854775808)), 'hex')::uuid
           END AS tracking_id,
           to_char(created_at AT TIME ZONE 'UTC', CASE WHEN micros %% 1000000 = 0 THEN 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
                                                       ELSE 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' END) AS created_at,
           {columns},
           CASE WHEN id < 0 OR micros < 0 THEN encode(int8send(id) || int8send(micros), 'hex') END AS place
    FROM found ORDER BY found.created_at, found.id
) TO STDOUT (FORMAT csv, {options})
