-- Note that the facts of a day were found to be what its rows say.
INSERT INTO archived_days (application_id, date, hits, facts_id)
VALUES (%(application_id)s, %(date)s, %(hits)s, %(facts_id)s)
ON CONFLICT (date, application_id) DO UPDATE SET hits = excluded.hits, facts_id = excluded.facts_id, has_hits = false
