-- Deletes an application softly: its rows stay, and its app_id stays taken.
UPDATE applications SET deleted_at = now(), updated_at = now() WHERE app_id = %(app_id)s AND deleted_at IS NULL
