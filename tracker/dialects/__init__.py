"""How other trackers' clients speak: their requests read as hits in our own names, and the answers they understand.

dialect      the types: a request, its hits, what became of them, a dialect
values       small readers that the dialects share; gif: the image that some of them answer with
matomo, umami, plausible, goatcounter, segment, jitsu (before it spoke Segment's), ga4, otlp
original     the Go original speaks our own format with two habits more: `translated`
table        the dialects by path

Of a dialect `read` is pure; `answer` and `refuse` say what its clients need to hear. Nothing here knows of
applications, keys or queues: from the hits on, a hit has one way with every check (`tracker.receiver`).
"""
