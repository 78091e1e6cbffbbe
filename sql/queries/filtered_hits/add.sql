-- Add counts of hits that were left out or accepted, once: their name becomes a row of batch_jobs, and a name that is
-- there already says that they were added before. An application that has been deleted meanwhile counts no more.
WITH named AS (
    INSERT INTO batch_jobs (
        id, job_type, status, batch_size, processed_count, started_at, completed_at, created_at, updated_at
    ) VALUES (
        %(id)s, 'filtered_hits', 'completed', %(size)s, %(size)s, %(now)s, %(now)s, %(now)s, %(now)s
    )
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), counted AS (
    SELECT applications.id AS application_id, hour, reason, hits
      FROM named
     CROSS JOIN jsonb_to_recordset(%(counts)s::JSONB) AS counted (
        application_id UUID, hour TIMESTAMP WITH TIME ZONE, reason TEXT, hits BIGINT)
      JOIN applications ON applications.id = counted.application_id
), accepted AS (
    INSERT INTO ledger_changes (application_id, hour, accepted)
    SELECT application_id, hour, hits FROM counted WHERE reason = %(accepted)s
)
INSERT INTO filtered_hits (application_id, hour, reason, hits)
SELECT application_id, hour, reason, hits
  FROM counted
 WHERE reason <> %(accepted)s
 ORDER BY application_id, hour, reason
    ON CONFLICT (application_id, hour, reason) DO UPDATE SET hits = filtered_hits.hits + excluded.hits
