-- Say beside who ordered it how much went with a purged application.
UPDATE audit_log SET after = %(counts)s WHERE application_id = %(application_id)s AND action = 'application.purged'
