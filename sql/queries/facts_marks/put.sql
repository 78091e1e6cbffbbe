-- Mark minutes of hours of a day again whose marks were taken. They may be what an erasure waits for, which knows all
-- marks up to a number: so theirs lie below all others, and are told from what they are about.
INSERT INTO facts_marks (id, application_id, date, hour, minutes) OVERRIDING SYSTEM VALUE
SELECT hashtextextended(concat_ws(' ', %(application_id)s::uuid, %(date)s::date, hour, minutes), 0) | (1::bigint << 63),
       %(application_id)s, %(date)s, hour, minutes
FROM unnest(%(hours)s::smallint[], %(minutes)s::bigint[]) AS marked (hour, minutes)
