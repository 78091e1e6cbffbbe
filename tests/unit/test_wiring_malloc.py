import subprocess
import sys

import pytest

from tests.support.started import PROJECT

THREADS = """
import ctypes, sys, threading
from tracker.wiring.malloc import use_one_arena

if sys.argv[1] == "one":
    use_one_arena()
together = threading.Barrier(4)

def hold():
    taken = bytearray(5000)
    together.wait()

threads = [threading.Thread(target=hold) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's own")
@pytest.mark.parametrize(("arenas", "is_one"), [("one", True), ("many", False)])
def test_threads_share_an_arena(arenas: str, is_one: bool) -> None:  # noqa: FBT001
    command = [sys.executable, "-c", THREADS, arenas]
    said = subprocess.run(command, cwd=PROJECT, env={}, check=True, capture_output=True, text=True).stderr
    assert "Arena 0:" in said
    assert ("Arena 1:" not in said) is is_one
