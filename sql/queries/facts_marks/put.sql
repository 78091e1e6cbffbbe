-- Mark minutes of hours of a day of an application.
INSERT INTO facts_marks (application_id, date, hour, minutes)
SELECT %(application_id)s, %(date)s, hour, minutes
FROM unnest(%(hours)s::smallint[], %(minutes)s::bigint[]) AS marked (hour, minutes)
