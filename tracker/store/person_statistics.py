"""Taking a person's hits out of the statistics of a day, in the transaction that deletes them.

Requests and parameters are subtracted; a visitor or a session goes as far as no other hit of the day is left for it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime

import orjson

from tracker.store.database import Transaction
from tracker.store.person_rows import ErasedHit, ErasedText, Person, bounds
from tracker.store.queries import execute, fetch_all
from tracker.store.statistics import WHOLE_DAY


def subtract(
    tx: Transaction,
    person: Person,
    day: date,
    hits: Sequence[ErasedHit],
    texts: Iterable[ErasedText],
    *,
    complete: bool,
    now: datetime,
) -> Counter[str]:
    """Take erased hits of a day out of its statistics; the day is locked and folded by this transaction.

    `complete` says whether all other raw rows of the day are there. Where they are not, only what is certain goes:
    other visitors and sessions stay counted, and so do least and greatest numbers. Returns what went, by table.
    """
    parameters = {**person.parameters(), **bounds(day), "date": day}
    visitors = _forget_visitors(tx, parameters, person, hits if complete else [], hits)
    others = {hit.session_id for hit in hits if hit.session_id} - set(person.session_ids) if complete else set()
    sessions = execute(tx, "statistics_sessions/subtract", {**parameters, "other_sessions": list(others)})
    requests = Counter(hit.hour for hit in hits)
    requests[WHOLE_DAY] = len(hits)
    periods = [
        {
            "hour": hour,
            "requests": requests[hour],
            "visitors": visitors[hour],
            "sessions": sessions if hour == WHOLE_DAY else 0,
        }
        for hour in requests.keys() | visitors.keys()
    ]
    given = [{"hour": text.hour, "key": text.key, "text": text.text, "count": text.count} for text in texts]
    execute(
        tx,
        "statistics/subtract",
        {
            **parameters,
            "periods": orjson.dumps(periods).decode(),
            "texts": orjson.dumps(given).decode(),
            "complete": complete,
            "now": now,
        },
    )
    return Counter(statistics_visitors=visitors[WHOLE_DAY], statistics_sessions=sessions)


def days_remembered(tx: Transaction, person: Person) -> list[date]:
    """Return the days on which a person is remembered by `client_sub_id` or `session_id`, raw rows or not."""
    rows = fetch_all(tx, "statistics_visitors/days_remembered", person.parameters())
    return [row["date"] for row in rows]


def _forget_visitors(
    tx: Transaction,
    parameters: dict[str, object],
    person: Person,
    maybe_surviving: Sequence[ErasedHit],
    hits: Sequence[ErasedHit],
) -> Counter[int]:
    """From how many visitors of each hour, and of the day, nothing is left."""
    clients, addresses = set(person.client_sub_ids), set(person.addresses)
    other_clients = {hit.client_sub_id for hit in maybe_surviving if hit.client_sub_id is not None} - clients
    pairs = {hit.visitor: hit.ip_address for hit in hits if hit.client_sub_id is None}
    their_pairs = {visitor for visitor, address in pairs.items() if address in addresses}
    other_pairs = {hit.visitor for hit in maybe_surviving if hit.client_sub_id is None} - their_pairs
    given = {
        **parameters,
        "other_clients": list(other_clients),
        "their_pairs": list(their_pairs),
        "other_pairs": list(other_pairs),
    }
    rows = fetch_all(tx, "statistics_visitors/forget_visitors", given)
    return Counter({row["hour"]: row["visitors"] for row in rows})
