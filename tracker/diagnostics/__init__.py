"""How operators see that all is well: findings of `doctor`, what waits in the queue, the state of partitions.

doctor              all checks, one after the other
settings_checks     settings that are none, that are weak, that contradict each other
finding             one sentence of a check, and how bad it is
postgres_checks     PostgreSQL: versions, settings, connections, disk
role_checks         which role owns what
reading_checks      the role that only reads (DATABASE_READ_URL)
redis_checks        Redis: memory, persistence, eviction, Sentinels
certificate_checks  until when the servers' certificates are valid
instance_checks     do this database and this Redis belong together
work_checks         workers, scheduler, statistics, webhooks, definitions: does the work get done
answer_checks       how long the servers take to answer
ledger_checks       was anything lost
facts_checks        are the facts and the database of places seen from here
application_checks  names that clients of other trackers have for applications
queue_status        how much waits where, and who works on it
partition_overview  the months of the partitioned tables, and what is wrong with them
retention_outlook   which months are dropped next, and when
capacity            how much of what a load needs, from measured costs
"""
