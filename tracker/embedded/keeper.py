"""The process between us and a server: it starts the server, waits, and ends it when we ask for that or when we end.

It runs as a script of its own (`python -I -S keeper.py PLAN`), one a server, and needs the standard library alone.
Why there is one:

- The kernel's "tell me when my parent dies" fires when the *thread* dies that started the child. The keeper looks
  whether the process is still there, and goes on where only a thread ended. The server's parent is the keeper, which
  has one thread.
- A signal alone does not promise an end: PostgreSQL's tidy shutdown writes a checkpoint, which takes as long as it
  takes. The keeper asks politely, then firmly, then kills. Where the keeper itself is killed, the server gets the firm
  signal from the kernel.
- Giving up root, or taking on another number, has to happen in the child between fork and exec, which is not safe in
  a process that has threads. The keeper has none.

The signals come by sigwait, so nothing here polls.
"""

import ctypes
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypedDict

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522
CLONE_NEWUSER = 0x10000000
PARENT_DIED = signal.SIGUSR1
STOP = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
HASTE = 0.8
"""Seconds that each signal gets once the parent is gone; two of them, and the kill, fit into two seconds."""

HINTS = {
    "same": "",
    "dropped": " This process is root and tried to change to an ordinary account.",
    "mapped": " A user without an account, and root that may not change to one, need user namespaces to be allowed.",
}

libc = ctypes.CDLL(None, use_errno=True)


class Plan(TypedDict):
    """What the keeper is told, as JSON in its only argument."""

    parent: int
    command: list[str]
    environment: dict[str, str]
    identity: str
    """`same`, `dropped` or `mapped`: see tracker.embedded.identity."""
    uid: int
    gid: int
    signals: list[int]
    """How to end the server, from polite to firm; SIGKILL follows. The last one is also the kernel's word to it."""
    patience: float
    """Seconds that the polite signal gets when the parent asks for the end."""
    remove: str
    """A folder of ours that goes when the server has gone, or nothing."""


def call(function: Callable[..., int], *arguments: Any) -> None:  # noqa: ANN401 - C takes what C takes
    """Call a function of libc; OSError where it returns -1."""
    if function(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{getattr(function, '__name__', 'libc')}: {os.strerror(number)}")


def drop(uid: int, gid: int) -> None:
    """Become an ordinary account that may still enter every folder.

    Of root's capabilities one is kept, CAP_DAC_OVERRIDE: the server's program, its data and its socket may lie below
    folders that only root may enter, and changing those folders is not ours to do. Permitted, inheritable and ambient
    sets are equal, so that exec keeps it without counting as privileged (which would forget the parent-death signal).
    Without the securebit, access(2) would still answer as if the capability were not there, and initdb asks it.
    """
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    call(libc.prctl, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    kept = 1 << CAP_DAC_OVERRIDE
    call(libc.capset, header, (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0))
    call(libc.prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def rename(uid: int, gid: int) -> None:
    """Go by another number in a user namespace of one's own; for files and folders nothing changes."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    call(libc.unshare, CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1")


def become_server(plan: Plan, keeper: int) -> NoReturn:
    """In the forked child: take on the identity, bind our life to the keeper's, exec. Never returns."""
    try:
        if plan["identity"] == "dropped":
            drop(plan["uid"], plan["gid"])
        elif plan["identity"] == "mapped":
            rename(plan["uid"], plan["gid"])
        call(libc.prctl, PR_SET_PDEATHSIG, plan["signals"][-1], 0, 0, 0)
        if os.getppid() == keeper:
            signal.pthread_sigmask(signal.SIG_SETMASK, set())
            os.execve(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(2, f"{plan['command'][0]} cannot be started: {error}.{HINTS[plan['identity']]}\n".encode())
    os._exit(127)


def keep(server: int, plan: Plan) -> int:
    """Wait until the server has ended, and see to it that it ends. Returns its wait status."""
    waited_for = STOP | {PARENT_DIED, signal.SIGCHLD}
    ends: Sequence[int] = [*plan["signals"], signal.SIGKILL]
    sent = 0
    timeout: float | None = None
    while True:
        received = signal.sigwaitinfo(waited_for) if timeout is None else signal.sigtimedwait(waited_for, timeout)
        ended, status = os.waitpid(server, os.WNOHANG)
        if ended:
            return status
        orphaned = os.getppid() != plan["parent"]
        if received is None or (sent == 0 and (orphaned or received.si_signo in STOP)):
            os.kill(server, ends[min(sent, len(ends) - 1)])
            sent += 1
            timeout = HASTE if orphaned or sent > 1 else plan["patience"]
        elif orphaned:
            timeout = HASTE


def run(plan: Plan) -> int:
    """Start the server and keep it; the exit status is its own, as a shell would say it."""
    call(libc.prctl, PR_SET_PDEATHSIG, int(PARENT_DIED), 0, 0, 0)
    if os.getppid() != plan["parent"]:
        return 1  # The parent was gone before we could ask to be told of it.
    keeper = os.getpid()
    server = os.fork()
    if server == 0:
        become_server(plan, keeper)
    code = os.waitstatus_to_exitcode(keep(server, plan))
    return code if code >= 0 else 128 - code


def main() -> int:
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP | {PARENT_DIED, signal.SIGCHLD})
    os.umask(0o077)
    plan: Plan = json.loads(sys.argv[1])
    try:
        return run(plan)
    finally:
        if plan["remove"]:
            shutil.rmtree(plan["remove"], ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
