-- How many lines of bots an application's imports left out, in the runs that began within a time.
SELECT coalesce(sum((counts ->> 'bots')::BIGINT), 0)::BIGINT AS lines
  FROM import_runs
  JOIN imports ON imports.id = import_runs.import_id
 WHERE imports.application_id = %(application_id)s
   AND import_runs.started_at >= %(start)s AND import_runs.started_at < %(end)s
