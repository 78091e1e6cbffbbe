-- The days on which a person is remembered as a visitor or by a session.
SELECT date
FROM daily_statistics AS day
WHERE application_id = %(application_id)s
    AND (
        EXISTS (
            SELECT FROM statistics_visitors AS known
            WHERE known.date = day.date AND known.application_id = %(application_id)s
                AND visitor IN (
                    SELECT statistics_visitor(client_sub_id, NULL, NULL)
                    FROM unnest(%(client_sub_ids)s::text[]) AS client_sub_id
                )
        )
        OR EXISTS (
            SELECT FROM statistics_sessions AS known
            WHERE known.date = day.date AND known.application_id = %(application_id)s
                AND session IN (
                    SELECT statistics_session(session_id) FROM unnest(%(session_ids)s::text[]) AS session_id
                )
        )
    )
ORDER BY date
