-- Forget that a day was compared with its rows: it is to be compared again.
DELETE FROM archived_days WHERE application_id = %(application_id)s AND date = %(date)s
