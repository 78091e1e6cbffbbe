-- How many deliveries wait for a webhook, counted no further than there are so many.
SELECT count(*) AS count
FROM (
    SELECT FROM webhook_deliveries WHERE webhook_id = %(webhook_id)s AND state = 'waiting' LIMIT %(most)s
) AS found
