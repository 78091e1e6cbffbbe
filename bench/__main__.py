"""`python -m bench`: measures the rows, writes bench/results/latest.json, shows a table.

Exit status: 0 when every asked row was measured, whatever it says; 2 where one could not be.
"""

import argparse
import dataclasses
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from bench import machine, results, stage
from bench.effort import FULL, QUICK
from bench.errors import NotMeasured
from bench.rows import (
    drain_months,
    generator_ceiling,
    latency,
    memory,
    receiver_pixel,
    receiver_post,
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
        worker_drain,
        drain_months,
        statistics_folding,
        statistics_large_day,
        webhook_deliveries,
        whole_way,
        latency,
        memory,
    )
}


def main() -> int:
    arguments = _arguments()
    effort = QUICK if arguments.quick else FULL
    if arguments.rounds:
        effort = dataclasses.replace(effort, rounds=arguments.rounds, sustained_rounds=arguments.rounds)
    described = machine.describe()
    rows: list[results.Row] = []
    failures: dict[str, str] = {}
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        try:
            with stage.ready(Path(folder)) as ready:
                for name in arguments.only or ROWS:
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
    results.write(described, rows, failures, run)
    results.show(described, rows, failures)
    return 2 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures the rows of docs/benchmarks.md.")
    parser.add_argument("--only", action="append", choices=sorted(ROWS), metavar="NAME", help=", ".join(ROWS))
    parser.add_argument("--rounds", type=int, help="pairs a row; 5 without --quick, 3 with it")
    parser.add_argument(
        "--quick", action="store_true", help="a look in a few minutes; too short for the stated figures"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
