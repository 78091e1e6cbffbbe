-- The server's time, now and not when the transaction began.
SELECT clock_timestamp() AS now
