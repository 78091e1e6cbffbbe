-- Add the defined parameters of new hits; the function keeps the plans that check them.
SELECT add_custom_parameter_values(%(values)s::jsonb)
