"""The transactional outbox: deliveries are written in the transaction in which the thing happens.

event        what an event is, and the id by which consumers know it again
event_types  the names of events, and which of them a webhook subscribes to
events       what each kind of event says
payload      the text that is sent, within its limit of bytes
publish      subscribers of an application, and deliveries for them

Sending them is the work of `tracker.webhooks`.
"""
