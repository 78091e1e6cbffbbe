-- Whether a file of an application that was taken out of the archive may still be on the disk.
SELECT EXISTS (
    SELECT FROM archived_hits WHERE application_id = %(application_id)s AND replaced_at IS NOT NULL
) AS waiting
