-- The months of which files are all there is.
SELECT to_char(month, 'YYYY-MM') AS month FROM archived_months WHERE dropped_at IS NOT NULL
