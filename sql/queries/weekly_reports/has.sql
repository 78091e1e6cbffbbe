-- Whether the summary of a week was told.
SELECT EXISTS (SELECT FROM weekly_reports WHERE application_id = %(application_id)s AND week = %(week)s) AS is_told
