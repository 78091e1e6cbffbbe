-- Says that something that belongs to the application has changed.
UPDATE applications SET updated_at = now() WHERE id = %(application_id)s
