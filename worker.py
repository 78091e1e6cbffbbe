"""The workers: `python worker.py [--workers N] [--burst] [--queues NAME ...]`."""

import argparse
import sys

import tracker.jobs  # noqa: F401 imported before the workers fork, so that no job pays for it
from tracker import config, log
from tracker.errors import QueueAway, SettingsInvalid
from tracker.queueing.pool import run_workers


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100")
    return int(text)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the workers that write accepted hits into PostgreSQL.")
    parser.add_argument("--workers", type=_count, default=1, help="how many processes (default 1)")
    parser.add_argument("--burst", action="store_true", help="end when nothing is left to do")
    parser.add_argument("--queues", nargs="+", default=[], metavar="NAME", help="RQ queues (default TRACKER_RQ_QUEUE)")
    arguments = parser.parse_args()
    try:
        settings = config.load()
        log.configure(settings.log_format)
        run_workers(settings, workers=arguments.workers, burst=arguments.burst, queues=arguments.queues)
    except (SettingsInvalid, QueueAway) as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, SettingsInvalid) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
