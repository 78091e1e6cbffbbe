-- Forget visitors of a day, those of the person whole and others as far as hits of theirs went, and say from how many
-- hours and, as hour -1, from the day each is gone. A hit that is not counted yet keeps nobody out: it adds anew.
WITH surviving AS (
    SELECT visitor, bit_or(1 << hour) AS hours
    FROM (
        SELECT statistics_visitor(client_sub_id, NULL, NULL) AS visitor,
               extract(hour FROM created_at AT TIME ZONE 'UTC')::integer AS hour
        FROM access_logs
        WHERE application_id = %(application_id)s AND created_at >= %(start)s AND created_at < %(end)s
            AND client_sub_id = ANY(%(other_clients)s::text[])
            AND (client_sub_id = ANY(%(client_sub_ids)s::text[]) OR session_id = ANY(%(session_ids)s::text[])
                 OR ip_address = ANY(%(addresses)s::inet[])) IS NOT TRUE
        UNION ALL
        SELECT statistics_visitor(NULL, ip_address, user_agent),
               extract(hour FROM created_at AT TIME ZONE 'UTC')::integer
        FROM access_logs
        WHERE cardinality(%(other_pairs)s::uuid[]) > 0
            AND application_id = %(application_id)s AND created_at >= %(start)s AND created_at < %(end)s
            AND client_sub_id IS NULL
            AND statistics_visitor(NULL, ip_address, user_agent) = ANY(%(other_pairs)s::uuid[])
            AND (session_id = ANY(%(session_ids)s::text[]) OR ip_address = ANY(%(addresses)s::inet[])) IS NOT TRUE
    ) AS seen
    GROUP BY visitor
),
named AS (
    SELECT statistics_visitor(client_sub_id, NULL, NULL) AS visitor
    FROM unnest(%(client_sub_ids)s::text[]) AS client_sub_id
    UNION
    SELECT unnest(%(their_pairs)s::uuid[])
),
others AS (
    SELECT statistics_visitor(client_sub_id, NULL, NULL) AS visitor
    FROM unnest(%(other_clients)s::text[]) AS client_sub_id
    UNION
    SELECT unnest(%(other_pairs)s::uuid[])
),
changed AS (
    SELECT visitor, known.hours AS before,
           CASE WHEN visitor IN (SELECT visitor FROM named) THEN 0
                ELSE known.hours & coalesce(surviving.hours, 0) END AS after
    FROM statistics_visitors AS known
    LEFT JOIN surviving USING (visitor)
    WHERE application_id = %(application_id)s AND date = %(date)s
        AND visitor IN (SELECT visitor FROM named UNION SELECT visitor FROM others)
),
gone AS (
    DELETE FROM statistics_visitors AS known
    USING changed
    WHERE application_id = %(application_id)s AND date = %(date)s AND known.visitor = changed.visitor AND after = 0
),
kept AS (
    UPDATE statistics_visitors AS known
    SET hours = after
    FROM changed
    WHERE application_id = %(application_id)s AND date = %(date)s AND known.visitor = changed.visitor
        AND after NOT IN (0, before)
)
SELECT hour, count(*) AS visitors
FROM (
    SELECT -1 AS hour FROM changed WHERE after = 0
    UNION ALL
    SELECT hour FROM changed, generate_series(0, 23) AS hour WHERE before & ~after & (1 << hour) <> 0
) AS lost
GROUP BY hour
