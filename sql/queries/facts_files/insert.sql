-- Add a file to the copy.
INSERT INTO facts_files (application_id, date, first_hour, last_hour, name, facts, bytes, checksum, parameters)
VALUES (%(application_id)s, %(date)s, %(first_hour)s, %(last_hour)s, %(name)s, %(facts)s, %(bytes)s, %(checksum)s,
        %(parameters)s)
