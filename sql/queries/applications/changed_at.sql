-- When an application, or what belongs to its snapshot, was last changed.
SELECT updated_at FROM applications WHERE app_id = %(app_id)s
