-- How many values of defined parameters one application has.
SELECT count(*) AS count
FROM custom_parameter_values
WHERE application_id = %(application_id)s
