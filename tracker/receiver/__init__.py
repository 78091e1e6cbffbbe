"""HTTP in: hits are read, checked and queued.

The way of a hit:

endpoints           the doors: on the event loop, or in a thread; those of other trackers' clients are dialect_endpoint
query, batch_body   the pixel's query string; the forms of a batch
tracking            the steps of one hit, batch_acceptance those of a batch; common_events: its short way;
                    context: what the steps work with:
admission           who sends it, from which page, and whether they may, batch_admission whose a batch is;
                    rules: what the application's settings say
hit_form            the fields, by field_types
filtering           what is filtered, and that it is counted
hit_building        identity, time and privacy; then it is an entry; kept_months: how old a hit may be
enqueue             Redis, or PostgreSQL while Redis is unavailable; queue_guard refuses a foreign Redis
answers             what the caller is told

Beside it: application_directory with an application_cache for each way of naming, shared_snapshots, look_ups,
per_process and background_tasks keep it going; health, beacon_script and beacon_demo_page are Flask views in app;
traced_requests makes spans where a collector is set.
"""
