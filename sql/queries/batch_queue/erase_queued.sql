-- Delete entries of a person, a few at once. What is no hit is kept as text, and is theirs where it holds both names.
DELETE FROM batch_queue
WHERE id IN (
    SELECT id
    FROM batch_queue
    WHERE (
        (tracking_data ->> 'application_id' = %(application_id)s::text OR tracking_data ->> 'app_id' = %(app_id)s)
        AND (
            tracking_data ->> 'client_sub_id' = ANY(%(client_sub_ids)s::text[])
            OR tracking_data ->> 'session_id' = ANY(%(session_ids)s::text[])
            OR tracking_data ->> 'ip_address' = ANY(%(addresses)s::text[])
        )
    ) OR (
        strpos(tracking_data ->> 'raw', %(quoted_app_id)s) > 0
        AND EXISTS (SELECT FROM unnest(%(quoted)s::text[]) AS name WHERE strpos(tracking_data ->> 'raw', name) > 0)
    )
    LIMIT %(limit)s
)
RETURNING created_at
