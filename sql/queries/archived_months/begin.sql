-- Begin to archive a month, or go on; not one whose rows are gone already.
INSERT INTO archived_months (month, has_hits) VALUES (%(month)s, %(has_hits)s)
ON CONFLICT (month) DO UPDATE SET has_hits = excluded.has_hits
WHERE archived_months.dropped_at IS NULL
