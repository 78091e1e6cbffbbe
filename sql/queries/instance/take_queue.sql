-- Note the Redis that this database works with.
UPDATE instance SET queue_id = %(queue_id)s WHERE queue_id IS DISTINCT FROM %(queue_id)s
