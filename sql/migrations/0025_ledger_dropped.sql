-- Hits that stood in access_logs and went with their month, in the hour in which it was dropped: beside the balance, for they were stored.
ALTER TABLE ledger ADD COLUMN dropped BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger_changes ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
