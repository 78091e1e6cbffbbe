"""Reading lines of each format, against reading combined ones: how fast the slowest of them is."""

import time

from bench import log_lines
from bench.effort import Effort
from bench.results import Row
from bench.stage import Stage
from tracker.importing.formats import reader_of

NAME = "import formats"
TARGET = 0.5


def measure(_stage: Stage, effort: Effort) -> Row:
    """The format found by itself, and the line made a record; what comes then is the same for all formats."""
    count = effort.read_lines
    best = dict.fromkeys(log_lines.FORMATS, 0.0)
    for _ in range(effort.rounds):
        for name in best:
            best[name] = max(best[name], _lines_a_second(name, count))
    shares = {name: round(speed / best["combined"], 2) for name, speed in best.items()}
    slowest = min(shares, key=shares.__getitem__)
    return Row(
        name=NAME,
        value=shares[slowest],
        unit="of combined",
        target=TARGET,
        direction="at least",
        details={
            "summary": f"{slowest} is the slowest; combined {best['combined']:,.0f} lines/s",
            "of_combined": shares,
        },
    )


def _lines_a_second(name: str, count: int) -> float:
    made = [line.rstrip(b"\n") for line in log_lines.lines(count, name)]
    reader = reader_of(None)
    if header := log_lines.HEADERS.get(name):
        reader(header.encode())
    began = time.perf_counter()
    for line in made:
        reader(line)
    return count / (time.perf_counter() - began)
