-- What was done since a time, by kind of work: how often, with how much, and what the last failure said.
SELECT job_type, count(*) AS runs, sum(processed_count)::BIGINT AS processed, sum(error_count)::BIGINT AS errors,
       max(completed_at) AS latest,
       (array_agg(error_message ORDER BY completed_at DESC) FILTER (WHERE error_message IS NOT NULL))[1] AS last_error
  FROM batch_jobs
 WHERE created_at >= %(since)s
 GROUP BY job_type
 ORDER BY job_type
