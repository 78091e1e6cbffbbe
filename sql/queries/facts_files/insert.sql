-- Add a file to the copy.
INSERT INTO facts_files (
    application_id, date, first_hour, first_minute, last_hour, last_minute, name, facts, bytes, checksum, parameters
)
VALUES (%(application_id)s, %(date)s, %(first_hour)s, %(first_minute)s, %(last_hour)s, %(last_minute)s, %(name)s,
        %(facts)s, %(bytes)s, %(checksum)s, %(parameters)s)
