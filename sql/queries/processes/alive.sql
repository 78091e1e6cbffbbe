-- Who has said lately that it is there.
SELECT name, queue_id FROM processes WHERE seen_at >= clock_timestamp() - make_interval(secs => %(seconds)s) ORDER BY name
