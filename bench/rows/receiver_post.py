"""`POST /v1/track` with every check on, against a bare Flask view that parses the JSON and does one XADD."""

from bench import hits, receiver_rounds
from bench.effort import Effort
from bench.results import Row
from bench.stage import Stage

NAME = "receiver post"


def measure(stage: Stage, effort: Effort) -> Row:
    return receiver_rounds.measure(NAME, hits.post_requests(), stage, effort)
