"""Whom an application knows by what, and what a receipt may keep of it."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from tracker.application import Application
from tracker.errors import Refused, invalid
from tracker.hit_values import MAX_IDENTIFIER_LENGTHS
from tracker.privacy.addresses import network_of, normalise
from tracker.privacy.anonymization import Privacy
from tracker.store.person_rows import Person

MAX_IDENTIFIERS = 100
"""Identifiers of one erasure; a person has a few."""
_COST = {"n": 2**14, "r": 8, "p": 1}
"""Of scrypt (RFC 7914): 16 MB and some 50 ms for each guess at an identifier."""
_NETWORKS = (
    "The application stores addresses without their end (ip_anonymization is last_octet): what matches is the whole "
    "network, so that hits of neighbours with the same first part are erased too."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifiers:
    """A person by what a request names: at least one, each the person's."""

    client_sub_ids: tuple[str, ...]
    session_ids: tuple[str, ...]
    addresses: tuple[str, ...]
    """As they were given, in canonical spelling."""

    def named(self) -> Iterator[tuple[str, str]]:
        """Yield each identifier with its kind."""
        yield from (("client_sub_id", client_sub_id) for client_sub_id in self.client_sub_ids)
        yield from (("session_id", session_id) for session_id in self.session_ids)
        yield from (("ip", address) for address in self.addresses)


def checked(client_sub_ids: Iterable[str], session_ids: Iterable[str], addresses: Iterable[str]) -> Identifiers:
    """Return the identifiers, sorted, each once. Raises Refused for none, too many, or one that no hit could have."""
    identifiers = Identifiers(
        client_sub_ids=_texts("client_sub_id", client_sub_ids),
        session_ids=_texts("session_id", session_ids),
        addresses=tuple(sorted({_address(address) for address in addresses})),
    )
    count = len(list(identifiers.named()))
    if not count:
        raise invalid("Name the person by at least one of client_sub_id, session_id and ip.")
    if count > MAX_IDENTIFIERS:
        raise invalid(f"At most {MAX_IDENTIFIERS} identifiers at once: these are {count}.")
    return identifiers


def person_of(application: Application, identifiers: Identifiers) -> Person:
    """Return the person, with addresses as they were given and as the application stores them now."""
    privacy = Privacy.of(application.settings)
    stored = {privacy.address(address) for address in identifiers.addresses} - {None}
    return Person(
        application_id=application.id,
        app_id=application.app_id,
        client_sub_ids=identifiers.client_sub_ids,
        session_ids=identifiers.session_ids,
        addresses=tuple(sorted({*identifiers.addresses, *(address for address in stored if address is not None)})),
    )


def notes_on(application: Application, identifiers: Identifiers) -> list[str]:
    """Return what whoever asks should know about addresses; names none."""
    if not identifiers.addresses:
        return []
    anonymization = Privacy.of(application.settings).ip_anonymization
    if anonymization == "full":
        return ["The application stores no addresses now: only hits from before that setting can be found by one."]
    if anonymization == "last_octet" and any(network_of(address) != address for address in identifiers.addresses):
        return [_NETWORKS]
    return []


def columns_of(person: Person) -> dict[str, list[str]]:
    """Return the person as the row of an erasure keeps it until it is done."""
    return {
        "client_sub_ids": list(person.client_sub_ids),
        "session_ids": list(person.session_ids),
        "addresses": list(person.addresses),
    }


def person_from(application_id: UUID, app_id: str, columns: Mapping[str, Sequence[str]]) -> Person:
    """Return the person that such a row names."""
    return Person(
        application_id=application_id, app_id=app_id, **{name: tuple(values) for name, values in columns.items()}
    )


def digests_of(erasure_id: UUID, identifiers: Identifiers) -> list[dict[str, str]]:
    """Return what the receipt keeps: who has an identifier can tell that it was meant; to guess one from it is slow.

    scrypt (n 16384, r 8, p 1, 32 bytes) of the identifier, with the erasure's id as salt; in hexadecimal digits.
    """
    return [
        {"kind": kind, "scrypt": hashlib.scrypt(name.encode(), salt=erasure_id.bytes, dklen=32, **_COST).hex()}
        for kind, name in identifiers.named()
    ]


def _texts(name: str, values: Iterable[str]) -> tuple[str, ...]:
    for value in values:
        if not value or len(value) > MAX_IDENTIFIER_LENGTHS[name] or "\0" in value or not _is_unicode(value):
            raise _refused(name, f"1 to {MAX_IDENTIFIER_LENGTHS[name]} characters, none of them NUL.")
    return tuple(sorted(set(values)))


def _address(value: str) -> str:
    address = normalise(value)
    if address is None:
        raise _refused("ip", "An IPv4 or IPv6 address.")
    return address


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refused(name: str, accepted: str) -> Refused:
    return invalid(f"{name} is not accepted: {accepted}", **{name: [accepted]})
