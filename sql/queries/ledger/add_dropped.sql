-- Note in the present hour that hits went with their month: how many, by application.
INSERT INTO ledger_changes (application_id, hour, dropped)
SELECT counted.application_id::uuid, date_trunc('hour', now(), 'UTC'), counted.hits::int
  FROM jsonb_each_text(%(hits)s::JSONB) AS counted (application_id, hits)
