-- The tally of an application's facts, without its content.
SELECT id, zone, first, last, timeout_minutes, kinds, first_date, last_date
FROM facts_tallies WHERE application_id = %(application_id)s
