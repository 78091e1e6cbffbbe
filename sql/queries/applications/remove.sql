-- Remove an application with its keys, settings, definitions and webhooks; its hits and numbers are gone already.
DELETE FROM applications WHERE id = %(application_id)s AND deleted_at IS NOT NULL
