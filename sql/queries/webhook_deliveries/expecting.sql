-- Each webhook for which anything waits, by one step through the index for each, however much waits.
WITH RECURSIVE expecting AS (
    (SELECT webhook_id FROM webhook_deliveries WHERE state = 'waiting' ORDER BY webhook_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT later.webhook_id
        FROM webhook_deliveries AS later
        WHERE later.state = 'waiting' AND later.webhook_id > expecting.webhook_id
        ORDER BY later.webhook_id
        LIMIT 1
    )
    FROM expecting
    WHERE expecting.webhook_id IS NOT NULL
)
SELECT webhook_id FROM expecting WHERE webhook_id IS NOT NULL
UNION
SELECT id FROM webhooks WHERE backlog_full_since IS NOT NULL
ORDER BY webhook_id
