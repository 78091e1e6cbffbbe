-- Make this database another one than what it was copied from.
UPDATE instance SET id = gen_random_uuid(), queue_id = NULL
