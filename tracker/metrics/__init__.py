"""`/metrics`: what all processes have counted, and one look at Redis and PostgreSQL, in Prometheus' text format.

`look` is the look; `exposition` makes the text. What is counted stands in `tracker.instruments`.
"""
