-- Forget the events of an application that is purged.
DELETE FROM batch_queue_events WHERE application_id = %(application_id)s
