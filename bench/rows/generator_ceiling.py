"""How fast the load generator is against a responder that does nothing: far above what it measures, or no row holds."""

import os
import tempfile
from pathlib import Path
from statistics import median

from bench import hits, processes
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.load import Generator
from bench.results import Row
from bench.stage import Stage

NAME = "generator ceiling"


def measure(_stage: Stage, effort: Effort) -> Row:
    figures, cpu = [], []
    with tempfile.TemporaryDirectory() as folder:
        port = processes.free_port()
        arguments = ["-m", "bench.responder", str(port)]
        with processes.started(arguments, environment=os.environ, output=Path(folder) / "responder") as responder:
            processes.wait_until_listening(port, responder)
            generator = Generator(port, hits.post_requests().start())
            generator.run(effort.warm_up)
            for _ in range(effort.rounds):
                outcome = generator.run(effort.receiver_round)
                if not outcome.answered:
                    raise NotMeasured("the responder answered nothing")
                figures.append(outcome.per_second)
                cpu.append(outcome.generator_cpu_seconds / outcome.answered * 1e6)
    return Row(
        name=NAME,
        value=round(median(figures)),
        unit="requests/s",
        target=None,
        direction="for information",
        details={
            "summary": f"{median(cpu):.0f} µs of CPU a request",
            "requests_per_second": [round(figure) for figure in figures],
            "cpu_microseconds_a_request": round(median(cpu), 1),
        },
    )
