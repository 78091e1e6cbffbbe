-- Let the facts of every hour that the statistics know be made.
INSERT INTO facts_marks (application_id, date, hour)
SELECT application_id, date, hour FROM hourly_statistics
UNION
SELECT application_id, date, hour FROM statistics_increments
