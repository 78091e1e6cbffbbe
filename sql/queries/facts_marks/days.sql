-- The days of applications of which facts are to be made: the latest of each application first, of these the one that
-- has waited longest.
SELECT application_id, date, row_number() OVER (PARTITION BY application_id ORDER BY date DESC) AS turn
FROM (SELECT application_id, date, min(abs(id)) AS first_mark FROM facts_marks GROUP BY application_id, date) AS day
ORDER BY turn, first_mark
LIMIT %(limit)s
