"""How long the servers take to answer: a slow network, or a server that is busy with something else."""

import time
from collections.abc import Callable

from tracker.diagnostics.finding import Finding, graded

_TIMES = 5


def about_answers(server: str, ask: Callable[[], object]) -> Finding:
    """Return how long the fastest of a few answers took: a machine that is busy for a moment is no finding.

    Raises what `ask` does.
    """
    fastest = min(_seconds(ask) for _ in range(_TIMES))
    return graded(
        f"answers of {server}",
        fastest,
        f"{fastest * 1000:.1f} ms for the fastest of {_TIMES}",
        "Look at the network to it, and at what it is busy with: whatever is taken or stored waits for it.",
        warn_above=0.1,
        fail_above=1.0,
    )


def _seconds(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began
