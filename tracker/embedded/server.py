"""What both servers share: a private folder that is locked, a keeper, waiting until ready, stopping, the log's end."""

import fcntl
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tracker.embedded import keeper, private_folder
from tracker.embedded.identity import ServerIdentity, choose
from tracker.errors import EmbeddedServerFailed

START_SECONDS = 60.0
STOP_SECONDS = 20.0
LOCK_SECONDS = 10.0
"""The server of a parent that was killed goes within two seconds, and on a busy machine not much later."""
_POLL_SECONDS = 0.01
_LOG_LIMIT = 10_000_000
_QUOTED_BYTES = 2000
_QUOTED_LINES = 8
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
"""All that a server sees of an environment: no PGDATA, no PGOPTIONS, no locale of the machine."""


class Server(ABC):
    """One server in one folder; a context manager that starts and stops it.

    `folder` is made, private, where it does not exist, and holds the data, the log and the lock; two servers of
    different kinds may share one. The same folder may be used again and has its data still, but not by two at once.
    `durable` false gives up what only a power cut would cost, for tests.
    """

    name: str
    stop_signals: Sequence[signal.Signals]
    needs_account: bool

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.absolute()
        self.durable = durable
        self.data = self.folder / self.name
        self.log_file = self.folder / f"{self.name}.log"
        self._socket_folder: Path | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    @abstractmethod
    def url(self) -> str:
        """Return the address of the running server; it stays the same when this object stops and starts it again."""

    @abstractmethod
    def prepare(self, identity: ServerIdentity, lock: int) -> None:
        """Make the data folder where there is none; refuse one that this server cannot use."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the server's command line."""

    @abstractmethod
    def ready(self) -> bool:
        """Return whether the server answers by now."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def socket_folder(self) -> Path:
        """Return the private folder with the server's socket."""
        if self._socket_folder is None:
            raise EmbeddedServerFailed(f"{self.name} has no address before its first start.")
        return self._socket_folder

    @property
    def running(self) -> bool:
        return self._keeper is not None and self._keeper.poll() is None

    def start(self) -> None:
        """Start the server and wait until it answers. EmbeddedServerFailed quotes the end of its log."""
        if self.running:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        identity = choose(self.folder, self.data, needs_account=self.needs_account)
        lock = self._lock(identity)
        try:
            self.prepare(identity, lock)
            self._make_socket_folder()
            self._keeper = self._spawn(identity, self.command(), lock=lock, remove=str(self.socket_folder))
        finally:
            # From here the keeper and the server hold the lock: it ends with the last of them, not with us.
            os.close(lock)
        try:
            self._wait_until_ready(self._keeper)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut the server down tidily and wait until it has gone. Not running is fine."""
        running, self._keeper = self._keeper, None
        if running is None:
            return
        running.terminate()
        try:
            running.wait(STOP_SECONDS + 5)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            raise EmbeddedServerFailed(self._with_log(f"{self.name} did not stop; its keeper was killed")) from None
        finally:
            # The keeper has removed it, unless somebody killed the keeper.
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    def run(self, identity: ServerIdentity, command: list[str], *, lock: int) -> None:
        """Run a program to its end under a keeper, with its output in the log."""
        running = self._spawn(identity, command, lock=lock)
        try:
            status = running.wait()
        except BaseException:
            running.terminate()
            running.wait()
            raise
        if status != 0:
            raise EmbeddedServerFailed(self._with_log(f"{Path(command[0]).name} failed with exit status {status}"))

    def _spawn(
        self, identity: ServerIdentity, command: list[str], *, lock: int, remove: str = ""
    ) -> subprocess.Popen[bytes]:
        plan = keeper.Plan(
            parent=os.getpid(),
            command=command,
            environment=_ENVIRONMENT,
            identity=identity.kind,
            uid=identity.uid,
            gid=identity.gid,
            signals=[int(number) for number in self.stop_signals],
            patience=STOP_SECONDS,
            remove=remove,
        )
        log = self._open_log(identity)
        try:
            return subprocess.Popen(  # noqa: S603 - the command is ours
                [sys.executable, "-I", "-S", keeper.__file__, json.dumps(plan)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                pass_fds=[lock],
                start_new_session=True,  # Ctrl-C in the terminal is for us; we then stop the server, in our own order.
            )
        finally:
            os.close(log)

    def _lock(self, identity: ServerIdentity) -> int:
        """Hold the folder: a lock on an open file, which the server inherits.

        Waited for a little, since the server of a parent that was killed needs a moment to go.
        """
        lock = os.open(self.folder / f"{self.name}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        identity.own(self.folder / f"{self.name}.lock")
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(lock)
                    raise EmbeddedServerFailed(
                        f"{self.folder} is in use by another running {self.name}: stop it, or take another folder."
                    ) from None
                time.sleep(_POLL_SECONDS)
            else:
                return lock

    def _open_log(self, identity: ServerIdentity) -> int:
        log = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if os.fstat(log).st_size > _LOG_LIMIT:
            os.ftruncate(log, 0)
        self._log_start = os.fstat(log).st_size
        identity.own(self.log_file)
        return log

    def _make_socket_folder(self) -> None:
        """Make the private folder of the socket; the keeper removes it when the server has gone."""
        if self._socket_folder is None:
            self._socket_folder = private_folder.make()
            return
        # Started again: the address stays. The name was ours, and may have been taken by another since.
        self._socket_folder.mkdir(mode=0o700, exist_ok=True)
        folder = self._socket_folder.lstat()
        if not stat.S_ISDIR(folder.st_mode) or folder.st_uid != os.geteuid() or folder.st_mode & 0o077:
            raise EmbeddedServerFailed(f"{self._socket_folder} is not a private folder of this user any more.")

    def _wait_until_ready(self, running: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.ready():
            if running.poll() is not None:
                raise EmbeddedServerFailed(
                    self._with_log(f"{self.name} ended at start with status {running.returncode}")
                )
            if time.monotonic() > deadline:
                raise EmbeddedServerFailed(self._with_log(f"{self.name} did not start within {START_SECONDS:.0f} s"))
            time.sleep(_POLL_SECONDS)

    def _with_log(self, what: str) -> str:
        """Return a message with the last lines that this start wrote to the log."""
        try:
            with self.log_file.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start, size - _QUOTED_BYTES))
                lines = log.read().decode(errors="replace").splitlines()[-_QUOTED_LINES:]
        except OSError as error:
            lines = [str(error)]
        return f"{what}; {self.log_file} ends with:\n" + "\n".join(lines)
