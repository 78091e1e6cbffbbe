"""The queue in Redis: hits on their way, and what processes share beside. Only this package knows redis and RQ.

entry, overflow                        what waits, and in which stream
producer                               the receiver's side: limit, repeats and queue in one round trip
accept_command, group_commit           what is offered, and its command; the offers of one event loop in groups
quota                                  what a caller may use of an application's limits
consumer                               the workers' side: claimed, then settled, postponed or given back
adding, removal, inspection            entries that come again, that are taken out, that are looked at
wakeup, watch, pool, rq_worker         RQ: the jobs that wake a worker, and the worker processes
connection, failures, waiting          the way to Redis: what its errors mean, who connects anew, who waits
followed, sentinel, cluster            where its primary is, as the Sentinels say, or the nodes of a cluster
hash_tags, shards                      a cluster is so many queues, each with its keys under one hash tag
sharded_producer, sharded_consumer     all of them together, for the receiver and for the workers
process_number, snapshots, filtered    what receivers share: numbers for ids, applications, counts of what is filtered
value_sets, failed_keys, ledger_counts values of a day; wrong keys by address; what Redis says for the ledger
form_answers                           what forms of the dashboard were answered, a few minutes long
ownership                              whose Redis it is
metric_counts, throughput              counts of all processes together, and how fast the queue is drained
registered_workers, server_facts       for health checks
memory                                 how much of it hits may take, and who is refused at which step
access_list, server_certificate        what a user of Redis may do at least; until when its certificate is valid
"""

from tracker.hidden_packages import hidden

# redis loads OpenTelemetry for metrics of its own, which nobody turns on.
with hidden("opentelemetry"):
    import redis  # noqa: F401
