-- The days of applications of which facts are to be made, the latest of each application first.
SELECT application_id, date, row_number() OVER (PARTITION BY application_id ORDER BY date DESC) AS turn
FROM (SELECT DISTINCT application_id, date FROM facts_marks) AS day
ORDER BY turn, application_id
LIMIT %(limit)s
