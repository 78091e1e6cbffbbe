-- How many deliveries of each state a webhook has.
SELECT state, count(*) AS count FROM webhook_deliveries WHERE webhook_id = %(webhook_id)s GROUP BY state
