"""Who a server runs as: PostgreSQL refuses to be root, and its initdb refuses a number that no account has.

- An ordinary user with an account: as that user.
- Root, as a rule: as the account that owns the data, which is `nobody` for data that we make ourselves, keeping the one
  capability that lets it pass folders that only root may enter. No permission of such a folder changes and no account
  is made. The socket's folder stays root's, so that other processes of `nobody` cannot connect.
- Root that may not change to another user (a container without capabilities, a user namespace with root alone in it),
  and an ordinary user whose number has no account: under another number in a user namespace of the server's own.
  Outside of it nothing changes: files belong to whom they belonged before.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_CAP_CHOWN, _CAP_DAC_OVERRIDE, _CAP_SETGID, _CAP_SETUID, _CAP_SETPCAP = 0, 1, 6, 7, 8
_NEEDED = sum(1 << bit for bit in (_CAP_CHOWN, _CAP_DAC_OVERRIDE, _CAP_SETGID, _CAP_SETUID, _CAP_SETPCAP))
"""What `dropped` takes; a root in an ordinary container has these."""


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """How the keeper starts the server: as `same`, `dropped` to uid and gid, or `mapped` to look like them."""

    kind: Literal["same", "dropped", "mapped"]
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give a file or folder that we made to the account that the server runs as."""
        if self.kind == "dropped":
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def own_all(self, folder: Path) -> None:
        """Do the same for a whole data folder of ours that an earlier start left to another account."""
        if self.kind == "dropped" and folder.lstat().st_uid != self.uid:
            for root, folders, files, descriptor in os.fwalk(folder):
                for name in (*folders, *files):
                    os.chown(name, self.uid, self.gid, dir_fd=descriptor, follow_symlinks=False)
                os.chown(root, self.uid, self.gid)


def choose(folder: Path, data: Path, *, needs_account: bool) -> ServerIdentity:
    """Return the identity for a server whose data lie, or will lie, in `data` within `folder`.

    `needs_account` is false for a server that runs as anybody, root included.
    """
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0 and _may_change_user():
        return ServerIdentity("dropped", *(_owner(data) or _owner(folder) or _nobody()))
    if needs_account and (uid == 0 or not _has_account(uid)):
        return ServerIdentity("mapped", *_nobody())
    return ServerIdentity("same", uid, gid)


def _owner(path: Path) -> tuple[int, int] | None:
    """Return the account that owns `path`, where there is one and it is not root's."""
    try:
        account = pwd.getpwuid(path.stat().st_uid)
    except (FileNotFoundError, KeyError):
        return None
    return (account.pw_uid, account.pw_gid) if account.pw_uid else None


def _has_account(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _nobody() -> tuple[int, int]:
    """`nobody`, or where there is none, any account that is not root's."""
    accounts = [account for account in pwd.getpwall() if account.pw_uid != 0]
    accounts.sort(key=lambda account: account.pw_name != "nobody")
    return (accounts[0].pw_uid, accounts[0].pw_gid) if accounts else (65534, 65534)


def _may_change_user() -> bool:
    status = Path("/proc/self/status").read_text()
    effective = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), 16)
    return (
        effective & _NEEDED == _NEEDED and _is_mapped("uid_map", _nobody()[0]) and _is_mapped("gid_map", _nobody()[1])
    )


def _is_mapped(map_name: str, number: int) -> bool:
    """Return whether the user namespace that we are in knows this number at all."""
    for line in Path("/proc/self", map_name).read_text().splitlines():
        first, _, count = (int(part) for part in line.split())
        if first <= number < first + count:
            return True
    return False
