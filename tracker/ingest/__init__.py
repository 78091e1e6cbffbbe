"""The workers' side: claim, read, check, write, settle.

drain               turns until the queue is dry or the time is over; drain_result counts and logs what it did
in_flight           what this drain has claimed and not yet settled
check               an entry becomes a hit that its application takes, or a failure with a reason; application_lookup
                    keeps the applications' definitions for a few seconds
parameters          custom parameters against their definitions
variety             how many different values of a parameter a day tells apart
parts               a batch in parts, so that nobody waits for the whole of a large or a bad one
write               the one transaction of a batch: hits, values, sessions (activity), statistics_deltas, webhook_events
block_writer        an import's hits by the same transaction, without a queue
bisect_batch        a batch that the database refuses is halved until the bad ones are alone
traced_batches      a span around it for a collector of traces
filtered            beside it: how many hits the receivers left out
"""
