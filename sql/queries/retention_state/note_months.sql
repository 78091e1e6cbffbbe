-- Note which retention the scheduler runs with.
INSERT INTO retention_state (deleted_as_of, retention_months, reported_at) VALUES (now(), %(months)s, now())
ON CONFLICT (only_row) DO UPDATE SET retention_months = excluded.retention_months, reported_at = now()
