-- Forget some of the lines whose months are gone; they stay counted.
DELETE FROM imported_filtered
WHERE (import_id, hit_id) IN (
    SELECT import_id, hit_id FROM imported_filtered WHERE hour < %(before)s ORDER BY hour LIMIT %(limit)s
)
