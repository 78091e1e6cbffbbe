-- All that was accepted, and all that has become of it, in one row; `kept` waits in batch_queue for Redis.
SELECT sum(accepted)::bigint AS accepted,
       sum(stored)::bigint AS stored,
       sum(repeated)::bigint AS repeated,
       sum(discarded)::bigint AS discarded,
       sum(erased)::bigint AS erased,
       sum(written_off)::bigint AS written_off,
       (SELECT count(*) FROM batch_queue WHERE status = 'failed' AND priority > %(imported)s) AS failed,
       (SELECT count(*) FROM batch_queue WHERE status = 'queued' AND priority > %(imported)s) AS kept,
       ARRAY(SELECT id FROM batch_jobs WHERE id = ANY(%(taken)s::uuid[])) AS written
  FROM (
    SELECT accepted, stored, repeated, discarded, erased, written_off FROM ledger_totals
    UNION ALL
    SELECT accepted, stored, repeated, discarded, erased, written_off FROM ledger_changes
    UNION ALL
    SELECT 0, total_requests, 0, 0, 0, 0 FROM statistics_increments WHERE received_at IS NOT NULL
  ) AS parts
