-- The months whose rows an operator has brought back, or is bringing back.
SELECT to_char(month, 'YYYY-MM') AS month FROM archived_months WHERE restored_at IS NOT NULL
