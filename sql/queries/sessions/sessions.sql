-- How many sessions of one application there are.
SELECT count(*) AS count
FROM sessions
WHERE application_id = %(application_id)s
