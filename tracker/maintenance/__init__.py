"""What the scheduler does beside statistics and webhooks; a module for each line of `tracker.schedule`.

create_partitions      the months that must exist
drop_partitions        months that are over; expired_months says which, for an operator who asks
archive_months         which of these stay readable, and for how long
restore_month          months brought back from their files
end_sessions           sessions without a hit for a while
requeue_waiting        hits that waited in PostgreSQL while Redis was unavailable
remove_dead_consumers  what killed workers left behind in Redis
delete_expired_hits    hits older than their application keeps them
delete_old_rows        finished runs, deliveries and other rows that nobody needs any more
delete_in_batches      how both delete: a little at a time
"""
