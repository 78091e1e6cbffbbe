-- Note that something is not deleted; of the same kind of reason the first stays.
INSERT INTO deletion_refusals AS known (subject, kind, reason)
VALUES (%(subject)s, %(kind)s, %(reason)s)
ON CONFLICT (subject) DO UPDATE SET kind = excluded.kind, reason = excluded.reason, since = excluded.since
WHERE known.kind <> excluded.kind
