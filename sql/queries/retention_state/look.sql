-- The server's time, the time by which was deleted last (null: never), and what is refused.
SELECT clock_timestamp() AS now,
       (SELECT deleted_as_of FROM retention_state) AS deleted_as_of,
       EXISTS (SELECT FROM deletion_refusals WHERE subject = 'clock') AS refused
