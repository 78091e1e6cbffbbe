-- Before which day raw rows of an application have been removed.
SELECT before FROM statistics_removals WHERE application_id = %(application_id)s
