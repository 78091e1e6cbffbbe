-- A note, where the application has not too many.
INSERT INTO annotations (application_id, day, text)
SELECT %(application_id)s, %(day)s, %(text)s
 WHERE (SELECT count(*) FROM annotations WHERE application_id = %(application_id)s) < %(most)s
RETURNING id
