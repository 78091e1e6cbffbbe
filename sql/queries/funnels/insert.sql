-- A funnel.
INSERT INTO funnels (application_id, name, steps)
VALUES (%(application_id)s, %(name)s, %(steps)s)
RETURNING id
