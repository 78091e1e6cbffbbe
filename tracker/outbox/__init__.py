"""The outbox: what happened is noted for the webhooks that ask for it, in the transaction in which it happens.

`event_types` has the names and who asks for what, `events` what an event is, `hit_events` and its siblings what the
events of one kind say, `body` makes the text that is sent. `announce` writes the deliveries; sending them is the work
of `tracker.webhooks`.
"""
