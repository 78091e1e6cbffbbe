"""One worker's job in a fresh process, without RQ: `python -m bench.drain_once` prints as JSON how long it took.

The clock runs around the very function that RQ calls, from connecting to the last acknowledgement.
"""

import time

import orjson

from tracker import jobs


def main() -> None:
    began = time.perf_counter()
    jobs.drain()
    print(orjson.dumps({"seconds": time.perf_counter() - began}).decode())


if __name__ == "__main__":
    main()
