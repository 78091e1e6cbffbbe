"""What Redis says of whose it is: the database, and a random id of this Redis itself."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import orjson

from tracker.store.instance import DatabaseIdentity


@dataclass(frozen=True, slots=True)
class QueueClaim:
    """A database's claim to a Redis."""

    database: DatabaseIdentity
    queue_id: UUID

    @classmethod
    def new(cls, database: DatabaseIdentity) -> "QueueClaim":
        return cls(database, uuid4())

    def encode(self) -> bytes:
        return orjson.dumps({**self.database.as_json(), "queue_id": str(self.queue_id)})

    @classmethod
    def decode(cls, text: bytes) -> "QueueClaim | None":
        """Return the claim that `encode` wrote; None for anything else, which is nobody's we know."""
        try:
            values = orjson.loads(text)
            return cls(DatabaseIdentity.of_json(values), UUID(values["queue_id"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
