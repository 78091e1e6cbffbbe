-- Delete entries of an application, a few at once. What is no hit is kept as text, and is its where it holds its name.
DELETE FROM batch_queue
WHERE id IN (
    SELECT id
    FROM batch_queue
    WHERE tracking_data ->> 'application_id' = %(application_id)s::text OR tracking_data ->> 'app_id' = %(app_id)s
        OR strpos(tracking_data ->> 'raw', %(quoted)s) > 0
    LIMIT %(limit)s
)
RETURNING created_at
