-- Let the facts of every hour of a day of an application be made anew.
INSERT INTO facts_marks (application_id, date, hour)
SELECT %(application_id)s, %(date)s, hour FROM generate_series(0, 23) AS hour
