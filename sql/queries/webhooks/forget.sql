-- Where waiting deliveries are not limited any more, no webhook has too many.
UPDATE webhooks SET backlog_full_since = NULL WHERE backlog_full_since IS NOT NULL
