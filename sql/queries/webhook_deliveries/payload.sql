-- The body of one delivery, as it is signed and sent.
SELECT payload FROM webhook_deliveries WHERE webhook_id = %(webhook_id)s AND id = %(delivery_id)s
