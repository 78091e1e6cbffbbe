-- Note the tally of an application in the place of an older one.
INSERT INTO facts_tallies (application_id, id, zone, first, last, timeout_minutes, kinds, first_date, last_date,
                           content, checksum)
VALUES (%(application_id)s, %(id)s, %(zone)s, %(first)s, %(last)s, %(timeout_minutes)s, %(kinds)s, %(first_date)s,
        %(last_date)s, %(content)s, %(checksum)s)
ON CONFLICT (application_id) DO UPDATE SET
    id = excluded.id, zone = excluded.zone, first = excluded.first, last = excluded.last,
    timeout_minutes = excluded.timeout_minutes, kinds = excluded.kinds, first_date = excluded.first_date, last_date = excluded.last_date,
    content = excluded.content, checksum = excluded.checksum, made_at = NOW()
