"""Who changes something: what the audit log remembers of them."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """The operator with the admin token, the holder of a key, or whoever may run commands on the server.

    `key_id` says which key; None with the kind "key" is the application's first key.
    """

    kind: Literal["admin", "key", "command"]
    key_id: UUID | None = None


ADMIN = Actor("admin")
COMMAND = Actor("command")
