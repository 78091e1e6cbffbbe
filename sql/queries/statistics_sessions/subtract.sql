-- Forget sessions of a day, the person's and those of which no other hit is left.
DELETE FROM statistics_sessions
WHERE application_id = %(application_id)s AND date = %(date)s
    AND session IN (
        SELECT statistics_session(session_id)
        FROM unnest(%(session_ids)s::text[] || %(other_sessions)s::text[]) AS session_id
        EXCEPT
        SELECT statistics_session(session_id)
        FROM access_logs
        WHERE application_id = %(application_id)s AND created_at >= %(start)s AND created_at < %(end)s
            AND session_id = ANY(%(other_sessions)s::text[])
            AND (client_sub_id = ANY(%(client_sub_ids)s::text[]) OR session_id = ANY(%(session_ids)s::text[])
                 OR ip_address = ANY(%(addresses)s::inet[])) IS NOT TRUE
    )
