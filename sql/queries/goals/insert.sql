-- A goal.
INSERT INTO goals (application_id, name, step, value_parameter)
VALUES (%(application_id)s, %(name)s, %(step)s, %(value_parameter)s)
RETURNING id
