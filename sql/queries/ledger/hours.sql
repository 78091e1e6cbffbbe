-- The ledger by hour and application, with what is not in it yet; failed hits are those that stand in batch_queue now.
WITH entries AS (
    SELECT application_id, hour, accepted, stored, repeated, discarded, erased, written_off, 0 AS failed, 0 AS kept
      FROM ledger
     WHERE hour >= %(start)s AND hour < %(end)s
    UNION ALL
    SELECT application_id, hour, accepted, stored, repeated, discarded, erased, written_off, 0, 0
      FROM ledger_changes
     WHERE hour >= %(start)s AND hour < %(end)s
    UNION ALL
    SELECT application_id, date_trunc('hour', received_at, 'UTC'), 0, total_requests, 0, 0, 0, 0, 0, 0
      FROM statistics_increments
     WHERE received_at >= %(start)s AND received_at < %(end)s
    UNION ALL
    SELECT applications.id, date_trunc('hour', queued.created_at, 'UTC'), 0, 0, 0, 0, 0, 0,
           (queued.status = 'failed')::int, (queued.status = 'queued')::int
      FROM batch_queue AS queued
      JOIN applications ON applications.app_id = queued.tracking_data ->> 'app_id'
     WHERE queued.status IN ('failed', 'queued') AND queued.priority > %(imported)s
       AND queued.created_at >= %(start)s AND queued.created_at < %(end)s
)
SELECT applications.app_id, application_id, hour, sum(accepted)::bigint AS accepted, sum(stored)::bigint AS stored,
       sum(repeated)::bigint AS repeated, sum(discarded)::bigint AS discarded, sum(erased)::bigint AS erased,
       sum(written_off)::bigint AS written_off, sum(failed)::bigint AS failed, sum(kept)::bigint AS kept
  FROM entries JOIN applications ON applications.id = application_id
 WHERE %(application_id)s::UUID IS NULL OR application_id = %(application_id)s
 GROUP BY applications.app_id, application_id, hour
 ORDER BY hour, applications.app_id
