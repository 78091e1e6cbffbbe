"""The scheduler: `python scheduler.py`. Several may run; one works, the others stand by."""

import signal
import sys
import threading

from tracker import config, log
from tracker.errors import SettingsInvalid
from tracker.schedule import table
from tracker.scheduling.loop import Loop
from tracker.wiring.scheduler import scheduler


def main() -> int:
    try:
        settings = config.load()
        log.configure(settings.log_format)
        parts = scheduler(settings)
    except SettingsInvalid as error:
        sys.stderr.write(f"{error}\n")
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    jobs = table(parts)
    seconds = {job.name: round(job.every.total_seconds()) for job in jobs}
    log.logger(__name__).info("scheduler starts", owner=parts.owner, every_seconds=seconds)
    Loop(jobs, parts.lease_database, parts.clock, owner=parts.owner).run(stop)
    parts.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
