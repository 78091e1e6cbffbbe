-- Forgets one definition; values stored under it stay.
DELETE FROM custom_parameter_definitions
 WHERE application_id = %(application_id)s AND parameter_key = %(parameter_key)s
