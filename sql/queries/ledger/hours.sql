-- The ledger by hour and application, with what is not in it yet; failed hits are those that stand in batch_queue now.
-- What was left out and refused is beside it: reasons are in small letters, codes in capitals.
WITH entries AS (
    SELECT application_id, hour, accepted, stored, repeated, discarded, erased, written_off, dropped, restored,
           0 AS failed, 0 AS kept
      FROM ledger
     WHERE hour >= %(start)s AND hour < %(end)s
    UNION ALL
    SELECT application_id, hour, accepted, stored, repeated, discarded, erased, written_off, dropped, restored, 0, 0
      FROM ledger_changes
     WHERE hour >= %(start)s AND hour < %(end)s
    UNION ALL
    SELECT application_id, date_trunc('hour', received_at, 'UTC'), 0, total_requests, 0, 0, 0, 0, 0, 0, 0, 0
      FROM statistics_increments
     WHERE received_at >= %(start)s AND received_at < %(end)s
    UNION ALL
    SELECT applications.id, date_trunc('hour', queued.created_at, 'UTC'), 0, 0, 0, 0, 0, 0, 0, 0,
           (queued.status = 'failed')::int, (queued.status = 'queued')::int
      FROM batch_queue AS queued
      JOIN applications ON applications.app_id = queued.tracking_data ->> 'app_id'
     WHERE queued.status IN ('failed', 'queued') AND queued.priority > %(imported)s
       AND queued.created_at >= %(start)s AND queued.created_at < %(end)s
), summed AS (
    SELECT application_id, hour, sum(accepted)::bigint AS accepted, sum(stored)::bigint AS stored,
           sum(repeated)::bigint AS repeated, sum(discarded)::bigint AS discarded, sum(erased)::bigint AS erased,
           sum(written_off)::bigint AS written_off, sum(dropped)::bigint AS dropped, sum(restored)::bigint AS restored, sum(failed)::bigint AS failed,
           sum(kept)::bigint AS kept
      FROM entries
     GROUP BY application_id, hour
), named AS (
    SELECT filtered_hits.application_id, filtered_hits.hour,
           CASE WHEN filtered_hits.reason = ANY (%(limits)s) THEN %(limit_code)s ELSE filtered_hits.reason END AS label,
           sum(filtered_hits.hits)::bigint AS hits
      FROM applications
      JOIN filtered_hits ON filtered_hits.application_id = applications.id
     WHERE filtered_hits.hour >= %(start)s AND filtered_hits.hour < %(end)s
     GROUP BY filtered_hits.application_id, filtered_hits.hour, label
), left_out AS (
    SELECT application_id, hour, jsonb_object_agg(label, hits) FILTER (WHERE label = lower(label)) AS filtered,
           jsonb_object_agg(label, hits) FILTER (WHERE label <> lower(label)) AS refused
      FROM named
     GROUP BY application_id, hour
)
SELECT applications.app_id, application_id, hour, coalesce(accepted, 0) AS accepted, coalesce(stored, 0) AS stored,
       coalesce(repeated, 0) AS repeated, coalesce(discarded, 0) AS discarded, coalesce(erased, 0) AS erased,
       coalesce(written_off, 0) AS written_off, coalesce(dropped, 0) AS dropped, coalesce(restored, 0) AS restored,
       coalesce(failed, 0) AS failed,
       coalesce(kept, 0) AS kept, coalesce(filtered, '{}') AS filtered, coalesce(refused, '{}') AS refused
  FROM summed
  FULL JOIN left_out USING (application_id, hour)
  JOIN applications ON applications.id = application_id
 WHERE %(application_id)s::UUID IS NULL OR application_id = %(application_id)s
 ORDER BY hour, applications.app_id
