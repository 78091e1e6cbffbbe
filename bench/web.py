"""The web servers of both sides: the product's own command, and a baseline under the same server, same options."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bench import processes
from bench.stage import Stage

PROCESSES = 2
"""Server processes on each side: the default of `python -m tracker serve`."""
_SAME_AS_SERVE = ("--blocking-threads", "16", "--backpressure", "1024", "--backlog", str(1024 * PROCESSES))
"""What tracker/cli/serve.py asks of granian, as its own command line takes it."""


@contextmanager
def product(stage: Stage, environment: Mapping[str, str] | None = None) -> Iterator[tuple[int, processes.Process]]:
    """The port and the processes of `python -m tracker serve`; `environment` is beside the stage's."""
    port = processes.free_port()
    arguments = ["-m", "tracker", "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", str(PROCESSES)]
    with processes.started(
        arguments,
        environment={**stage.environment, **(environment or {})},
        output=stage.log("serve"),
        folder=stage.project,
    ) as process:
        processes.wait_until_listening(port, process)
        yield port, process


@contextmanager
def baseline(stage: Stage, module: str) -> Iterator[tuple[int, processes.Process]]:
    """The port and the processes of `bench.baselines.MODULE` under granian."""
    port = processes.free_port()
    arguments = [
        "-m", "granian", *_SAME_AS_SERVE, "--interface", "wsgi", "--http", "1", "--no-ws",
        "--host", "127.0.0.1", "--port", str(port), "--workers", str(PROCESSES), f"bench.baselines.{module}:app",
    ]  # fmt: skip
    with processes.started(arguments, environment=stage.environment, output=stage.log(module)) as process:
        processes.wait_until_listening(port, process)
        yield port, process
