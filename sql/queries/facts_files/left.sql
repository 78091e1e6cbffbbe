-- Whether a file of an application, up to this one, that was taken out of the copy is still on the disk; of an
-- application that goes, whether any file is.
SELECT EXISTS (
    SELECT FROM facts_files
    WHERE application_id = %(application_id)s AND id <= %(last)s AND (replaced_at IS NOT NULL OR %(whole)s)
) AS waiting
