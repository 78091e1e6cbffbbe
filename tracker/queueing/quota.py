"""What a caller may use of an application's limits.

It is told to `accept.lua` with each offer, and to a process's own window in an outage of Redis. Hits with a key may
use the whole limit. Those without share what the limit does not keep for keys, and of that one address has a share.

An address is never written: it is counted in one of a few buckets that a keyed hash names, another one each minute. So
neither an address nor how many there were can be read from Redis, and a window stays small whoever floods it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Final, Literal
from uuid import UUID

Limit = Literal["rate_limit", "open_limit", "address_limit", "byte_budget"]

LIMITS: Final[tuple[Limit, ...]] = ("rate_limit", "open_limit", "address_limit", "byte_budget")
"""What can be used up, in the order of the numbers that `accept.lua` answers with, from 1: the application's limit a
minute, what of it is left to callers without a key, the share of an address, the application's bytes of the day."""
REASONS: Final = ("rate_limit", "address_limit", "byte_budget")
"""The reasons under which hits over a limit are counted with what was left out."""
BYTES_OF_A_SHARE: Final = 4096
"""A hit counts once against its address's share for each such piece that was begun; `accept.lua` has the same number.
An address with many long hits uses up its share as soon as it used up its bytes."""
DAY_SECONDS: Final = 86_400
MINUTE_SECONDS: Final = 60
MAX_SHARES: Final = 2
_BUCKETS: Final = 4096


@dataclass(frozen=True, slots=True)
class AddressShare:
    """What one network may use in a minute: `bucket` counts it."""

    bucket: str
    hits: int


@dataclass(frozen=True, slots=True)
class Quota:
    """What an offer is held against beside the application's limit a minute.

    `open_hits` is what callers without a key have together in a minute, None for one with a key; `shares` are of the
    address of one without. `bytes_a_day` is what the application may have put into the queue that day (UTC) for this
    offer to be taken, None for no budget. An offer of several hits that `is_whole` is taken all or none, for a caller
    that could not send again what of it is over a limit.
    """

    open_hits: int | None = None
    shares: tuple[AddressShare, ...] = ()
    bytes_a_day: int | None = None
    is_whole: bool = False


UNLIMITED: Final = Quota()


@lru_cache(maxsize=1024)
def whole(quota: Quota) -> Quota:
    """Return the same quota for an offer that is taken all or none."""
    return replace(quota, is_whole=True)


def fits_ever(quota: Quota, rate_limit: int, sizes: Sequence[int]) -> bool:
    """Return whether hits of `sizes` fit together where nothing was used of any limit."""
    return Usage().take(rate_limit, quota, sizes, 0).hits == len(sizes)


def pieces(size: int) -> int:
    """Return how often a hit of `size` bytes counts against its address's share."""
    return max(1, -(-size // BYTES_OF_A_SHARE))


def bucket_of(network: str, purpose: UUID | str, minute: int, salt: bytes) -> str:
    """Name the bucket that counts `network` in this minute, for an application or whatever else is counted.

    `salt`, at most 64 bytes, is secret and the same in all processes.
    """
    digest = blake2b(f"{network} {purpose} {minute}".encode(), key=salt, digest_size=2).digest()
    return str(int.from_bytes(digest, "big") % _BUCKETS)


def salt_of(secret: str) -> bytes:
    """Make the salt of the buckets out of what all processes know and nobody else does."""
    return sha256(b"address share " + secret.encode()).digest()


def counted_as(limit: Limit) -> str:
    """Return the reason under which hits over a limit are counted with what was left out."""
    return "rate_limit" if limit == "open_limit" else limit


def reset_of(limit: Limit | None, epoch_seconds: int) -> int:
    """Return when (seconds since 1970) hits are taken again: with the next day (UTC), or with the next minute."""
    window = DAY_SECONDS if limit == "byte_budget" else MINUTE_SECONDS
    return (epoch_seconds // window + 1) * window


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """How many of an offer fit, what the caller has left then, and what was used up first where not all of it fits."""

    hits: int
    remaining: int
    limit: Limit | None


class Usage:
    """What was used of one application's limits, in this process: the same arithmetic as `accept.lua`'s."""

    def __init__(self) -> None:
        self._all = self._open = 0
        self._shares: dict[str, int] = {}

    def take(self, rate_limit: int, quota: Quota, sizes: Sequence[int], bytes_used: int) -> QuotaUse:
        """Count as many hits of `sizes` as fit; `bytes_used` is what the application has used of the day so far."""
        before = self._all, self._open, self._shares.copy() if quota.is_whole else self._shares
        hits = len(sizes)
        limit: Limit | None = None
        for number, size in enumerate(sizes):
            limit = self._used_up(rate_limit, quota, bytes_used)
            if limit is not None:
                hits = number
                break
            bytes_used += size
            self._all += 1
            if quota.open_hits is not None:
                self._open += 1
                for share in quota.shares:
                    self._shares[share.bucket] = self._shares.get(share.bucket, 0) + pieces(size)
        if quota.is_whole and limit is not None:
            hits, (self._all, self._open, self._shares) = 0, before
        left = [rate_limit - self._all]
        if quota.open_hits is not None:
            left.append(quota.open_hits - self._open)
            left += [share.hits - self._shares.get(share.bucket, 0) for share in quota.shares]
        return QuotaUse(hits, 0 if limit == "byte_budget" else max(0, min(left)), limit)

    def _used_up(self, rate_limit: int, quota: Quota, bytes_used: int) -> Limit | None:
        if self._all >= rate_limit:
            return "rate_limit"
        if quota.open_hits is not None:
            if self._open >= quota.open_hits:
                return "open_limit"
            if any(self._shares.get(share.bucket, 0) >= share.hits for share in quota.shares):
                return "address_limit"
        if quota.bytes_a_day is not None and bytes_used >= quota.bytes_a_day:
            return "byte_budget"
        return None
