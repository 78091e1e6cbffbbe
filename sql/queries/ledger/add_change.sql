-- Append what is to be added to the ledger.
INSERT INTO ledger_changes (application_id, hour, accepted, repeated, discarded, erased, written_off)
SELECT application_id, date_trunc('hour', accepted_at, 'UTC'), accepted, repeated, discarded, erased, written_off
  FROM jsonb_to_recordset(%(changes)s::JSONB) AS changed (
    application_id UUID, accepted_at TIMESTAMP WITH TIME ZONE, accepted INTEGER, repeated INTEGER, discarded INTEGER,
    erased INTEGER, written_off INTEGER)
