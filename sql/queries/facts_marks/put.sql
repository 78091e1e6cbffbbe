-- Mark minutes of hours of a day again whose marks were taken. They may be what an erasure waits for, which knows all
-- marks up to a number: so they lie below all others.
INSERT INTO facts_marks (id, application_id, date, hour, minutes) OVERRIDING SYSTEM VALUE
SELECT -nextval('facts_marks_id_seq'), %(application_id)s, %(date)s, hour, minutes
FROM unnest(%(hours)s::smallint[], %(minutes)s::bigint[]) AS marked (hour, minutes)
