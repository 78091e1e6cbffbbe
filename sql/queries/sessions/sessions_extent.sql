-- The times of the first and the last session's last hit, of all applications.
SELECT min(last_accessed_at) AS first, max(last_accessed_at) AS last FROM sessions
