-- What the scheduler changes by itself stands in the audit log too: it disables webhooks.
ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_actor_kind_check,
    ADD CONSTRAINT audit_log_actor_kind_check CHECK (actor_kind IN ('admin', 'key', 'command', 'scheduler'));
