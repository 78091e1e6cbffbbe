-- A page of an application's hits within a time, in the order of their times and ids: as many as have the given bytes, and one more.
WITH found AS (
    SELECT id, created_at, app_id, client_sub_id, module_id, url, referrer, user_agent, host(ip_address) AS ip_address,
           session_id, screen_resolution, language, timezone, event_name, event_data::text AS event_data,
           CASE WHEN %(with_params)s THEN custom_params::text END AS custom_params
    FROM access_logs
    WHERE application_id = %(application_id)s AND app_id = %(app_id)s
      AND created_at >= %(start)s AND created_at < %(end)s
      AND (%(after)s::timestamptz IS NULL
           OR (created_at >= %(after)s::timestamptz
               AND (created_at, id) > (%(after)s::timestamptz, %(after_id)s::bigint)))
      AND (%(custom_params)s::jsonb IS NULL OR custom_params @> %(custom_params)s::jsonb)
      AND (%(event_name)s::text IS NULL OR event_name = %(event_name)s)
      AND (%(session_id)s::text IS NULL OR session_id = %(session_id)s)
      AND (%(client_sub_id)s::text IS NULL OR client_sub_id = %(client_sub_id)s)
    ORDER BY created_at, id
    LIMIT %(limit)s
), measured AS (
    -- Only texts without a limit of their own can be long.
    SELECT *, count(*) OVER () AS hits_found,
           coalesce(sum(coalesce(octet_length(url), 0) + coalesce(octet_length(referrer), 0)
                        + coalesce(octet_length(user_agent), 0) + coalesce(octet_length(event_data), 0)
                        + coalesce(octet_length(custom_params), 0))
                    OVER (ORDER BY created_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
    FROM found
)
SELECT * FROM measured WHERE bytes_before < %(bytes)s ORDER BY created_at, id
