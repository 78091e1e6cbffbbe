"""The Redis shelf: hits on their way, and what processes share beside. Only this room knows redis and RQ.

entry, adding, find, depth, backlog    what waits: its form, how it gets there, looking at it
intake                                 the receiver's side: limit, repeats and queue in one round trip
claims, dead_consumers                 the workers' side: claimed, then settled, postponed or given back
nudges, watch, pool, rq_worker         RQ: the jobs that wake a worker, and the worker processes
connection, failures, waiting          the way to Redis: what its errors mean, who connects anew, who waits
process_number, snapshots, filtered    what receivers share: numbers for ids, applications, counts of what is left out
registered_workers, server_facts       for health checks
"""
