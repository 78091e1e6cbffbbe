"""The folders in memory: those of a process that lives stay, those of one that was killed go."""

import subprocess
import sys
from pathlib import Path

from tests.support.memory_folder import memory_folder, remove_leftovers

HOLD = """
import sys, tests.support.memory_folder as m, pathlib
m.MEMORY, m.ROOM = pathlib.Path(sys.argv[1]), 0
with m.memory_folder() as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_there_for_as_long_as_its_process_lives_and_goes_once_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        folder = Path(holder.stdout.readline().strip())
        (folder / "data").write_text("data")
        remove_leftovers(tmp_path)
        assert (folder / "data").exists()
        holder.kill()
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_gone_after_its_block() -> None:
    with memory_folder() as folder:
        (folder / "data").write_text("data")
    assert not folder.exists()
