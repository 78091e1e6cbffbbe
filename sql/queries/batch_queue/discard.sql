-- Give up one failed entry.
DELETE FROM batch_queue WHERE id = %(id)s AND status = 'failed'
