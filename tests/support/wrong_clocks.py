"""Processes whose clock is wrong, by Debian's libfaketime; what they measure by the monotonic clock stays right."""

import os
from pathlib import Path

from tests.support.command_line import PROJECT
from tests.support.needed import need

_BESIDE = Path(__file__).with_name("beside_a_wrong_clock")


def by(offset: str) -> dict[str, str]:
    """The variables of a process whose wall clock is off by so much, such as `+100d` or `-3h`."""
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    need(libraries, "libfaketime is not installed: apt install libfaketime")
    # Without the last of these a fork would have the clock of the process that it is one of.
    clock = {"FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"}
    return {**clock, "LD_PRELOAD": str(libraries[0]), "PYTHONPATH": f"{_BESIDE}{os.pathsep}{PROJECT}"}
