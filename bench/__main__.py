"""`python -m bench`: measures the rows, writes bench/results/latest.json, shows a table.

A run of some rows leaves the figures of the last run of all rows alone and writes partial.json beside it. How long each
row took stands in either: a quick run says so.

Exit status: 0 when every asked row was measured, whatever it says; 2 where one could not be.
"""

import argparse
import dataclasses
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from bench import machine, results, stage
from bench.effort import FULL, QUICK
from bench.errors import NotMeasured
from bench.processes import PROJECT
from bench.rows import (
    against,
    dashboard_page,
    drain_months,
    drain_workers,
    export,
    facts_making,
    follow_log,
    generator_ceiling,
    import_formats,
    import_log,
    latency,
    latency_against,
    memory,
    memory_against,
    receiver_batch,
    receiver_busy,
    receiver_pixel,
    receiver_post,
    reports,
    reports_year,
    statistics_folding,
    statistics_large_day,
    webhook_deliveries,
    whole_way,
    worker_drain,
)
from tracker.errors import TrackerError

ROWS: dict[str, ModuleType] = {
    module.NAME: module
    for module in (
        generator_ceiling,
        receiver_post,
        receiver_pixel,
        receiver_batch,
        receiver_busy,
        worker_drain,
        drain_months,
        drain_workers,
        statistics_folding,
        statistics_large_day,
        webhook_deliveries,
        export,
        import_log,
        import_formats,
        follow_log,
        whole_way,
        latency,
        memory,
        reports,
        dashboard_page,
        reports_year,
        facts_making,
        against,
        latency_against,
        memory_against,
    )
}

_OF_TWO_BUILDS = {against.NAME, latency_against.NAME, memory_against.NAME}


def main() -> int:
    arguments = _arguments()
    effort = QUICK if arguments.quick else FULL
    sizes = {"facts": arguments.facts, "fact_rows": arguments.fact_rows, "year_facts": arguments.year_facts}
    effort = dataclasses.replace(effort, **{name: size for name, size in sizes.items() if size})
    if arguments.rounds:
        effort = dataclasses.replace(effort, rounds=arguments.rounds, sustained_rounds=arguments.rounds)
    described = machine.describe()
    rows: list[results.Row] = []
    failures: dict[str, str] = {}
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        try:
            with stages(Path(folder), arguments.against) as ready:
                for name in arguments.only or [
                    name for name in ROWS if name not in _OF_TWO_BUILDS or arguments.against
                ]:
                    print(f"{name} ...", file=sys.stderr, flush=True)
                    try:
                        measured = ROWS[name].measure(ready, effort)
                    except (NotMeasured, TrackerError, OSError) as error:
                        failures[name] = f"{type(error).__name__}: {error}"
                        print(f"  {failures[name]}", file=sys.stderr, flush=True)
                        continue
                    rows.extend(measured if isinstance(measured, list) else [measured])
        except (NotMeasured, TrackerError) as error:
            failures["servers"] = str(error)
    run = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began),
        "effort": dataclasses.asdict(effort),
    }
    results.write(results.PARTIAL if arguments.only else results.LATEST, described, rows, failures, run)
    results.show(described, rows, failures)
    return 2 if failures else 0


@contextmanager
def stages(folder: Path, commit: str | None) -> Iterator[stage.Stage]:
    """Make ready this build and, where one is named, the other that it is held against, from a worktree of its own."""
    with ExitStack() as stack:
        ready = stack.enter_context(stage.ready(folder / "this"))
        if commit is not None:
            checkout = folder / "checkout"
            _git("worktree", "add", "--detach", str(checkout), commit)
            stack.callback(_git, "worktree", "remove", "--force", str(checkout))
            ready.other = stack.enter_context(stage.ready(folder / "other", checkout))
        yield ready


def _git(*arguments: str) -> None:
    done = subprocess.run(["git", "-C", str(PROJECT), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"git {arguments[0]} {arguments[1]} failed: {done.stderr.strip()}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures the rows of docs/benchmarks.md.")
    parser.add_argument("--only", action="append", choices=sorted(ROWS), metavar="NAME", help=", ".join(ROWS))
    parser.add_argument(
        "--against",
        metavar="COMMIT",
        help="hold this build against that one, in the rows `against`, `hit to row against` and `memory against`",
    )
    parser.add_argument("--rounds", type=int, help="pairs a row; 5 without --quick, 3 with it")
    parser.add_argument("--facts", type=int, help="hits of `reports`; 10,000,000 without --quick")
    parser.add_argument("--fact-rows", type=int, help="rows that PostgreSQL gets for these; 1,000,000")
    parser.add_argument("--year-facts", type=int, help="hits of `visitors of a year`; 50,000,000")
    parser.add_argument(
        "--quick", action="store_true", help="a look in a few minutes; too short for the stated figures"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
