"""`POST /v1/track/batch` with 100 events, against a bare Flask view that parses the JSON and pipelines 100 XADDs."""

from bench import hits, receiver_rounds
from bench.effort import Effort
from bench.results import Row
from bench.stage import Stage

NAME = "receiver batch of 100"
TARGET = 1.5


def measure(stage: Stage, effort: Effort) -> Row:
    return receiver_rounds.measure(NAME, hits.batch_requests(stage.key), stage, effort, target=TARGET)
