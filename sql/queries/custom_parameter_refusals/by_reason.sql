-- How often values of an application's parameters were refused over some days, by key and reason.
SELECT parameter_key, reason, sum(refused)::bigint AS refused
FROM custom_parameter_refusals
WHERE application_id = %(application_id)s AND date BETWEEN %(first)s AND %(last)s
GROUP BY parameter_key, reason
ORDER BY refused DESC, parameter_key COLLATE "C", reason
