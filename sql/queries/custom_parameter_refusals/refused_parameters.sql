-- How many values of defined parameters were refused for one application.
SELECT coalesce(sum(refused), 0)::bigint AS count
FROM custom_parameter_refusals
WHERE application_id = %(application_id)s
