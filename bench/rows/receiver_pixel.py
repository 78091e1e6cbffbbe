"""`GET /pixel.gif`, against a bare Flask view that parses the query and does one XADD."""

from bench import hits, receiver_rounds
from bench.effort import Effort
from bench.results import Row
from bench.stage import Stage

NAME = "receiver pixel"


def measure(stage: Stage, effort: Effort) -> Row:
    return receiver_rounds.measure(NAME, hits.pixel_requests(), stage, effort)
