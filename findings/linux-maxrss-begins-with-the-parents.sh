#!/usr/bin/env bash
# On Linux `ru_maxrss` of a program that Python's subprocess starts is at least what its parent had at its largest: the
# kernel carries the high-water mark over exec, and a child made by vfork has its parent's. `VmHWM` is the program's own.
# `resource.getrusage` in the child and `os.wait4` in the parent both tell of the wrong one.
set -euo pipefail
python3 - <<'PROGRAM'
import os
import subprocess
import sys

parent = bytearray(300_000_000)
child = (
    "import re, resource\n"
    "own = int(re.search('VmHWM:\\\\s+([0-9]+)', open('/proc/self/status').read())[1])\n"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000, own // 1000)\n"
)
told, own = map(int, subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True).stdout.split())
process = subprocess.Popen([sys.executable, "-c", "pass"])
waited = os.wait4(process.pid, 0)[2].ru_maxrss // 1000
process.returncode = 0
print(f"ru_maxrss {told} MB, of wait4 {waited} MB, VmHWM {own} MB")
if not (told > 280 and waited > 280 and own < 60):
    sys.exit("ru_maxrss tells of the program itself now")
print("as it was: ru_maxrss is the parent's")
PROGRAM
