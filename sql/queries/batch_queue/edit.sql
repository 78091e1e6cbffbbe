-- Another text for one failed entry, which whoever edits has locked (take_for_retry).
UPDATE batch_queue SET tracking_data = %(tracking_data)s::text::jsonb, updated_at = %(now)s
WHERE id = %(id)s AND status = 'failed'
