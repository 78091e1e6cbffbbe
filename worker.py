"""The workers: `python worker.py [--workers N] [--burst] [--queues NAME ...]`, the same as `tracker worker`."""

import sys

from tracker.cli.main import main

if __name__ == "__main__":
    main(["worker", *sys.argv[1:]], prog_name="tracker")
