"""Redis: hits on their way, and what processes share beside. Only this package knows redis and RQ.

entry, adding, find, depth, backlog    what waits: its form, how it gets there, looking at it
intake, accept_command                 the receiver's side: limit, repeats and queue in one round trip, by a script
group_commit                           offers that are ready while a round trip is in flight leave together
quota, overflow                        what a caller may use of the limits; a crowd waits in a stream of its own
claims, dead_consumers                 the workers' side: claimed, then settled, postponed or given back
nudges, watch, pool, rq_worker         RQ: the jobs that wake a worker, and the worker processes
connection, failures, waiting          the way to Redis: what its errors mean, who connects anew, who waits
process_number, snapshots, filtered    what receivers share: numbers for ids, applications, counts of what is left out
registered_workers, server_facts       for health checks
metric_counts, throughput              the counts of all processes, and how fast hits come and go
value_sets                             which values of a parameter a day tells apart
failed_keys                            requests with wrong keys in a minute
application_keys, withdrawal           what Redis keeps of one application; taking entries out for good
ownership                              whose this Redis is
"""
