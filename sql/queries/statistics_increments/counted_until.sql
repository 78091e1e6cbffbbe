-- The latest time before which nothing of an application was received that is not counted yet, when what left the
-- queue before settled_until is in this database. Increments matter where folded statistics are read (folded).
SELECT least(
    %(settled_until)s::timestamptz,
    (SELECT min(created_at) FROM batch_queue
      WHERE status IN ('queued', 'processing') OR (status = 'completed' AND processed_at >= %(settled_until)s)),
    (SELECT min(received_at) FROM statistics_increments
      WHERE application_id = %(application_id)s AND %(folded)s)
) AS counted_until
