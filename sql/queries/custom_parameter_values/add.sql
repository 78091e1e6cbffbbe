-- Add the defined parameters of new hits; the function keeps the plans that check them.
SELECT add_values_of_hits(%(hits)s::json)
