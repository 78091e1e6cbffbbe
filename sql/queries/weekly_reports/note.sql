-- Notes that the summary of a week was told, once; those of long ago are forgotten. Most of its days may be those of another.
WITH forgotten AS (
    DELETE FROM weekly_reports
     WHERE application_id = %(application_id)s AND week < %(week)s::date - 370
)
INSERT INTO weekly_reports (application_id, week, published_at)
SELECT %(application_id)s, %(week)s, %(published_at)s
 WHERE NOT EXISTS (
           SELECT
             FROM weekly_reports
            WHERE application_id = %(application_id)s AND week BETWEEN %(week)s::date - 3 AND %(week)s::date + 3
       )
ON CONFLICT (application_id, week) DO NOTHING
