"""The two receiver rows once more, beside a process that burns one core."""

from bench import hits, receiver_rounds
from bench.effort import Effort
from bench.results import Row
from bench.stage import Stage

NAME = "receiver beside a busy core"
TARGET = 1.6


def measure(stage: Stage, effort: Effort) -> list[Row]:
    kinds = {"post": hits.post_requests(), "pixel": hits.pixel_requests()}
    return [
        receiver_rounds.measure(
            f"receiver {kind} beside a busy core", requests, stage, effort, target=TARGET, beside=True
        )
        for kind, requests in kinds.items()
    ]
