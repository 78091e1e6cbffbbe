-- Give up one failed entry, and note in the ledger that it was, unless it was imported.
WITH gone AS (
    DELETE FROM batch_queue WHERE id = %(id)s AND status = 'failed' RETURNING tracking_data, priority, created_at
), noted AS (
    INSERT INTO ledger_changes (application_id, hour, discarded)
    SELECT applications.id, date_trunc('hour', gone.created_at, 'UTC'), 1
      FROM gone JOIN applications ON applications.app_id = gone.tracking_data ->> 'app_id'
     WHERE gone.priority > %(imported)s
)
SELECT count(*)::int AS discarded FROM gone
