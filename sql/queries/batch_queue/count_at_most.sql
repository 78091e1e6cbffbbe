-- How many entries have a status, counted no further than a limit: the table may hold millions.
SELECT count(*) AS count
  FROM (SELECT FROM batch_queue WHERE status = %(status)s LIMIT %(limit)s::BIGINT) AS seen
