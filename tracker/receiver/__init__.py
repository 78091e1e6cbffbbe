"""HTTP in: hits are read, checked and queued.

The way of a hit:

tracking            the three endpoints, pending: a request between their two steps
dialect_endpoint    those of other trackers' clients (`tracker.dialects`)
query, batch_body   the pixel's query string; the forms of a batch; header_text: what headers say
acceptance          the steps of one hit, batch_acceptance those of a batch; common_events: its short way
                    through what follows:
caller              whose hit it is, and with which key; allowance: how much of the limits a caller gets
rules, page_origin  what the application's settings say about it
hit_form            the fields, by field_types
filtering           what is filtered, counted by filtered_counts
hit_building        identity, time and privacy; then it is an entry; kept_months: how old a hit may be
enqueue             Redis, or PostgreSQL while Redis is unavailable; queue_guard refuses a foreign Redis
answers             what the caller is told

on_the_loop has the same steps on the event loop. Beside it: application_directory with an
application_cache for each way of naming, look_ups, hit_ids,
per_process and background_tasks keep it going; health, beacon_script and beacon_demo_page are Flask views in app.
"""
