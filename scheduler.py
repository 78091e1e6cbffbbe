"""The scheduler: `python scheduler.py`. Several may run; one works, the others stand by."""

import argparse
import signal
import sys
import threading

from tracker import config, log
from tracker.errors import DatabaseAway, SettingsInvalid
from tracker.schedule import table
from tracker.scheduling.loop import Loop
from tracker.wiring.scheduler import scheduler


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the turns of tracker/schedule.py.")
    parser.add_argument("--check", action="store_true", help="only say, by the exit status, whether a scheduler works")
    arguments = parser.parse_args()
    try:
        settings = config.load()
        log.configure(settings.log_format)
        parts = scheduler(settings)
        if arguments.check:
            return 0 if parts.leader() else 1
    except (SettingsInvalid, DatabaseAway) as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, SettingsInvalid) else 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    loop = Loop(table(parts), parts.lease_database, parts.clock, owner=parts.owner, failed=parts.note_failure)
    loop.run(stop)
    parts.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
