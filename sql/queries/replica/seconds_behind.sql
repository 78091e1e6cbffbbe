-- How many seconds a replica is behind a position of its primary's log: 0 where it has that, null of what is no replica.
SELECT CASE WHEN NOT pg_is_in_recovery() THEN NULL
            WHEN pg_last_wal_replay_lsn() >= %(position)s::pg_lsn THEN 0::float8
            -- One that has replayed no transaction yet is behind for as long as it runs.
            ELSE extract(epoch FROM clock_timestamp()
                                    - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time()))::float8
       END AS seconds
