-- What the operator allows an application at most, of one limit.
SELECT limit_value FROM operator_limits WHERE application_id = %(application_id)s AND limit_name = %(limit_name)s
