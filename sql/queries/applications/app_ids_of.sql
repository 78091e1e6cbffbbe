-- The app_ids of the applications with these ids, deleted ones too.
SELECT app_id FROM applications WHERE id = ANY(%(ids)s::UUID[])
