-- Forget the marks of an application that is gone.
DELETE FROM facts_marks WHERE application_id = %(application_id)s
