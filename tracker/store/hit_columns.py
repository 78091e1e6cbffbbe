"""The columns of `access_logs` that make a `Hit`, for statements that read and write whole hits.

The names are those of the struct: a column that is added to it is written, found, compared and exported by itself.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final

from psycopg.sql import SQL, Composable, Composed, Identifier

from tracker.hit import Hit
from tracker.store.queries import sql

NAMES: Final = Hit.__struct_fields__


def reading(names: Iterable[str]) -> Composed:
    """Return what SELECT takes to give these columns as a hit has them."""
    return SQL(", ").join(map(_read, names))


def writing(names: Iterable[str]) -> Composed:
    """Return these columns as COPY takes them."""
    return SQL(", ").join(map(Identifier, names))


@cache
def of_whole_hits(statement: str) -> Composed:
    """Return a statement of `sql/queries` whose `{columns}` are all that a hit has."""
    return SQL(sql(statement)).format(columns=reading(NAMES))


def _read(name: str) -> Composable:
    # An address alone, without the length of its network.
    return SQL("host(ip_address) AS ip_address") if name == "ip_address" else Identifier(name)
