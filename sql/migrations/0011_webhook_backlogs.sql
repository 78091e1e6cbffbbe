-- A webhook for which too many deliveries wait: new ones are written as failed until there is room again.
ALTER TABLE webhooks ADD COLUMN backlog_full_since TIMESTAMP WITH TIME ZONE;
