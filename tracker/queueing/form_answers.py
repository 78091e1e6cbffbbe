"""Answers to forms of the dashboard, kept for a few minutes: a form that comes twice is answered as it was before.

What a mark and an answer hold is the dashboard's: here they are texts.
"""

from typing import Final, cast

from tracker.queueing.connection import Connection, translated

_PREFIX: Final = "tracker:form-answers:"
_CLAIMED_SECONDS: Final = 60
"""How long a form is taken to be under way: whoever has it may have been killed."""


def claim(redis: Connection, mark: str) -> str | None:
    """Begin with a form, and return None; else its answer, which is empty while somebody is at it.

    Raises QueueUnavailable.
    """
    with translated():
        if redis.set(_PREFIX + mark, "", nx=True, ex=_CLAIMED_SECONDS):
            return None
    return answer(redis, mark) or ""


def answer(redis: Connection, mark: str) -> str | None:
    """Return the answer to a form: empty while somebody is at it, None if nobody is. Raises QueueUnavailable."""
    with translated():
        kept = cast(bytes | None, redis.get(_PREFIX + mark))
    return None if kept is None else kept.decode()


def keep(redis: Connection, mark: str, answer: str, *, seconds: int) -> None:
    """Keep the answer to a form for so long. Raises QueueUnavailable."""
    with translated():
        redis.set(_PREFIX + mark, answer, ex=seconds)


def drop(redis: Connection, mark: str) -> None:
    """Forget a form that came to nothing: it may come again. Raises QueueUnavailable."""
    with translated():
        redis.delete(_PREFIX + mark)
