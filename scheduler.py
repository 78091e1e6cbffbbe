"""The scheduler: `python scheduler.py [--check]`, the same as `tracker scheduler`."""

import sys

from tracker.cli.main import main

if __name__ == "__main__":
    main(["scheduler", *sys.argv[1:]], prog_name="tracker")
