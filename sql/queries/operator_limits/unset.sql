-- Forget what the operator allowed an application at most, of one limit.
DELETE FROM operator_limits WHERE application_id = %(application_id)s AND limit_name = %(limit_name)s
