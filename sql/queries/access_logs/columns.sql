-- The columns that a hit has, `created_at` as the last.
SELECT attname AS name
FROM pg_attribute
WHERE attrelid = 'access_logs'::regclass AND attnum > 0 AND NOT attisdropped
ORDER BY attname = 'created_at', attnum
