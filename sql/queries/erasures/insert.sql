-- Note what is to be erased.
INSERT INTO erasures (id, application_id, kind, identifiers, digests, notes, requested_at)
VALUES (%(id)s, %(application_id)s, %(kind)s, %(identifiers)s, %(digests)s, %(notes)s, %(requested_at)s)
