-- A hit that is stored after all no longer stands as failed.
DELETE FROM batch_queue WHERE id = ANY(%(ids)s::UUID[]) AND status = 'failed'
