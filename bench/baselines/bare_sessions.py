"""The same bodies posted by bare `requests.Session`s, one a thread: no database, no signature, no check of anything."""

import threading
import time

import requests


def post_all(url: str, body: bytes, count: int, threads: int) -> float:
    """Seconds for `count` posts."""

    def post() -> None:
        with requests.Session() as session:
            for _ in range(count // threads):
                session.post(url, data=body, headers={"Content-Type": "application/json"}).raise_for_status()

    working = [threading.Thread(target=post) for _ in range(threads)]
    began = time.perf_counter()
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    return time.perf_counter() - began
