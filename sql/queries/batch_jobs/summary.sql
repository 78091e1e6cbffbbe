-- What was done since a time, by kind of work: how often, with how much, and what the last failure said.
SELECT job_type, runs, processed, errors, latest, last_error
  FROM (
    SELECT job_type, count(*) AS runs, sum(processed_count)::BIGINT AS processed, sum(error_count)::BIGINT AS errors,
           max(completed_at) AS latest
      FROM batch_jobs
     WHERE created_at >= %(since)s
     GROUP BY job_type
  ) AS done
  LEFT JOIN (
    SELECT DISTINCT ON (job_type) job_type, error_message AS last_error
      FROM batch_jobs
     WHERE created_at >= %(since)s AND error_message IS NOT NULL
     ORDER BY job_type, completed_at DESC
  ) AS failures USING (job_type)
 ORDER BY job_type
