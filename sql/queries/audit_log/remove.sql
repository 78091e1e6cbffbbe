-- Forget what was changed of an application that is gone, except that, and by whose order, it was purged.
DELETE FROM audit_log WHERE application_id = %(application_id)s AND action <> 'application.purged'
