"""What the sender knows of an endpoint's client, which `http_client` is: that one is loaded with the first delivery."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class NoResponse(Exception):
    """Nothing came that counts as an answer; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class EndpointAnswer:
    """What an endpoint answered."""

    status: int
    retry_after: str | None


class EndpointClient(Protocol):
    """Connections to one endpoint, for several threads at a time."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> EndpointAnswer:
        """POST once. Raises NoResponse or DestinationRefused, each with a sentence for the endpoint's owner."""

    def close(self) -> None: ...
