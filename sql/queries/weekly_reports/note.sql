-- Notes that the summary of a week was told, once; those of long ago are forgotten.
WITH forgotten AS (
    DELETE FROM weekly_reports
     WHERE application_id = %(application_id)s AND week < %(week)s::date - 370
)
INSERT INTO weekly_reports (application_id, week, published_at)
VALUES (%(application_id)s, %(week)s, %(published_at)s)
ON CONFLICT (application_id, week) DO NOTHING
