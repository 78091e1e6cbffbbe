-- The days of a month that were compared with their rows.
SELECT application_id, date FROM archived_days WHERE date BETWEEN %(first)s AND %(last)s
