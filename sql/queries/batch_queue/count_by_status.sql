-- How many entries there are of each status.
SELECT status, count(*) FROM batch_queue GROUP BY status
