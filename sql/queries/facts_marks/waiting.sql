-- Whether a mark of an application up to this one waits.
SELECT EXISTS (SELECT FROM facts_marks WHERE application_id = %(application_id)s AND id <= %(last)s) AS waiting
