-- Saved filters.
INSERT INTO segments (application_id, name, filters)
VALUES (%(application_id)s, %(name)s, %(filters)s)
RETURNING id
