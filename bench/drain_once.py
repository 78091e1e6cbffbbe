"""One worker's job in a fresh process, without RQ: `python -m bench.drain_once` prints as JSON how long it took.

The clock runs around the very function that RQ calls, from connecting to the last acknowledgement. With the argument
`--together` it says that it is ready, and begins with the end of its standard input: so several begin at once. It ends
as the process that RQ forks for a job does, which does not take the interpreter apart: that would take 0.1 s of CPU.
"""

import os
import sys
import time

import orjson

from tracker import jobs


def main() -> None:
    if sys.argv[1:] == ["--together"]:
        print("ready", flush=True)
        sys.stdin.read()
    began = time.perf_counter()
    jobs.drain()
    print(orjson.dumps({"seconds": time.perf_counter() - began}).decode(), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
