"""A bucket of an S3-compatible store. obstore is imported only here (decision 0134).

Who may and where the store is stand in the environment, under AWS's own names (`AWS_ACCESS_KEY_ID`, `AWS_REGION`,
`AWS_ENDPOINT_URL` ...); on AWS the role of a task or a machine does.
"""

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tracker.errors import FactsUnavailable
from tracker.facts.folder import writing
from tracker.log import logger

if TYPE_CHECKING:
    from obstore.store import S3Store

PART: Final = ".part"
"""What a copy is called before it is whole."""
FETCH_SECONDS: Final = 20.0
"""For one object, tries included: a copy of what is erased meanwhile is not to come after the receipt."""
_TIMEOUT_SECONDS: Final = 20
"""Of one request, its body included: a file is sent and fetched in pieces, or has a few megabytes."""
_CONNECTING: Final = timedelta(seconds=3)
_RETRYING: Final = timedelta(seconds=10)
_TRIES: Final = 2
_DENIED: Final = "AccessDenied"
_NO_ACCESS: Final = "refuses access: see the credentials, and what the bucket's policy lets them do"
_NO_ANSWER: Final = "does not answer: see AWS_ENDPOINT_URL and AWS_REGION, and whether it can be reached"
_NOT_THERE: Final = "is not there: make it, or correct TRACKER_FACTS_URL"

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it is listed."""

    name: str
    modified_at: datetime


class S3Bucket:
    """The objects of a bucket below a prefix, by their names below it. Thread-safe.

    Every method raises FactsUnavailable where the bucket does not answer or refuses.
    """

    def __init__(self, url: str, *, timeout_seconds: int = _TIMEOUT_SECONDS) -> None:
        """`url` is `s3://BUCKET` or `s3://BUCKET/PREFIX`."""
        self.url = url.rstrip("/")
        self._timeout = timedelta(seconds=timeout_seconds)
        self._opened: S3Store | None = None

    def read(self, name: str) -> bytes | None:
        """Return a small object; None where there is none."""
        import obstore  # noqa: PLC0415

        with self._translated():
            try:
                return bytes(obstore.get(self._store(), name).bytes())
            except FileNotFoundError:
                return None

    def fetch(self, name: str, to: Path, *, seconds: float = FETCH_SECONDS) -> bool:
        """Copy an object into a file, which is there when it is whole; return whether there is such an object.

        Nothing is written when the seconds are over, however slowly the object comes.
        """
        import obstore  # noqa: PLC0415

        until = time.monotonic() + seconds
        part = to.with_name(f"{to.name}.{secrets.token_hex(8)}{PART}")
        with self._translated():
            try:
                stream = obstore.get(self._store(), name).stream()
            except FileNotFoundError:
                return False
            with writing(to.parent):
                to.parent.mkdir(0o750, parents=True, exist_ok=True)
                try:
                    with part.open("wb") as file:
                        for block in stream:
                            if time.monotonic() > until:
                                raise FactsUnavailable(f"The bucket {self.url} sends too slowly.")
                            file.write(block)
                    part.rename(to)
                finally:
                    part.unlink(missing_ok=True)
        return True

    def write(self, name: str, source: Path | bytes) -> None:
        """Put an object there, whole or not at all."""
        import obstore  # noqa: PLC0415

        with self._translated():
            obstore.put(self._store(), name, source)

    def create(self, name: str, content: bytes) -> bool:
        """Put an object there unless there is one; return whether it was put."""
        import obstore  # noqa: PLC0415
        from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415

        with self._translated():
            try:
                obstore.put(self._store(), name, content, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects; it does not matter whether they are there."""
        import obstore  # noqa: PLC0415

        with self._translated():
            for name in names:
                try:
                    obstore.delete(self._store(), name)
                except FileNotFoundError:
                    continue

    def objects(self) -> Iterator[StoredObject]:
        """Give all of them."""
        import obstore  # noqa: PLC0415

        with self._translated():
            for block in obstore.list(self._store()):
                yield from (StoredObject(one["path"], one["last_modified"]) for one in block)

    def _store(self) -> "S3Store":
        # Loaded with the first object: most processes never ask for one.
        from obstore.store import S3Store  # noqa: PLC0415

        if self._opened is None:
            parts = urlsplit(self.url)
            self._opened = S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                client_options={"timeout": self._timeout, "connect_timeout": _CONNECTING, "allow_http": True},
                retry_config={"max_retries": _TRIES, "retry_timeout": _RETRYING},
            )
        return self._opened

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError  # noqa: PLC0415

        try:
            yield
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise self._unavailable(_NO_ACCESS, error) from error
        except FileNotFoundError as error:
            raise self._unavailable(_NOT_THERE, error) from error
        except BaseError as error:
            # That an object may not be deleted S3 says in an answer of 200, which is no error of permissions here.
            reason = _NO_ANSWER if _DENIED not in str(error) else _NO_ACCESS
            raise self._unavailable(reason, error) from error

    def _unavailable(self, reason: str, error: Exception) -> FactsUnavailable:
        _log.warning("bucket of the facts failed", bucket=self.url, error=str(error).partition("\n")[0][:300])
        return FactsUnavailable(f"The bucket {self.url} {reason}.")
