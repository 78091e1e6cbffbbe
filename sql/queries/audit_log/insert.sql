-- Notes one change.
INSERT INTO audit_log (actor_kind, actor_key_id, application_id, action, subject, before, after)
VALUES (%(actor_kind)s, %(actor_key_id)s, %(application_id)s, %(action)s, %(subject)s, %(before)s, %(after)s)
RETURNING id, at
