-- Whether somebody is detaching a partition concurrently just now, as far as this role may see it.
SELECT EXISTS (
    SELECT FROM pg_stat_activity
     WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
       AND query ~* 'detach[[:space:]]+partition.*[[:space:]]concurrently'
) AS detaching
