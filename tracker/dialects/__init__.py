"""How other trackers' clients speak: their requests read as hits in our own names, and the answers they understand.

dialect      the types: a request, its hits, what became of them, a dialect
values       small readers that the dialects share
matomo, umami, plausible, goatcounter, segment, ga4
             one dialect each: `read` is pure, `answer` and `refuse` say what its clients need to hear
original     the Go original speaks our own format with two habits more: `translated`
table        the dialects by path

Nothing here knows of applications, keys or queues: from the hits on, a hit has one way with every check
(`tracker.receiver`).
"""
