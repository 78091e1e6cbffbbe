-- Let one webhook be changed by nobody else until the transaction ends; whether there is one.
SELECT id FROM webhooks WHERE id = %(webhook_id)s FOR NO KEY UPDATE
