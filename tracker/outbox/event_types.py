"""The names of events, and which of them a webhook asks for; pure."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from difflib import get_close_matches

EVERYTHING = "*"
HIT = "tracking.created"
HIT_PREFIX = "tracking."
SESSION_STARTED = "session.started"
SESSION_ENDED = "session.ended"
HOUR_COMPLETE = "statistics.hourly"
DAY_COMPLETE = "statistics.daily"
WEEK_SUMMARY = "report.weekly"
APPLICATION_UPDATED = "application.updated"
PARAMETER_UPDATED = "custom_parameter.updated"
BATCH_FAILED = "batch.failed"
LEDGER_UNBALANCED = "ledger.unbalanced"
WEBHOOK_DISABLED = "webhook.disabled"
WEBHOOK_TEST = "webhook.test"
"""Sent when somebody asks for it, to that webhook alone; nobody can ask for it as an event."""

NAMES = (
    HIT,
    SESSION_STARTED,
    SESSION_ENDED,
    HOUR_COMPLETE,
    DAY_COMPLETE,
    WEEK_SUMMARY,
    APPLICATION_UPDATED,
    PARAMETER_UPDATED,
    BATCH_FAILED,
    LEDGER_UNBALANCED,
    WEBHOOK_DISABLED,
)
"""The events that have a name of their own; beside them each name of a hit's event makes one."""

_MAX_EVENT_NAME_LENGTH = 100
_MAX_EVENTS = 50


def check_events(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names, each once, if a webhook may ask for them.

    Raises ValueError with a sentence on the first bad one.
    """
    events = tuple(dict.fromkeys(name.strip() for name in names))
    if not 1 <= len(events) <= _MAX_EVENTS:
        raise ValueError(f"It needs 1 to {_MAX_EVENTS} events: {', '.join(NAMES)}, tracking.<event_name> or *.")
    for name in events:
        if name != EVERYTHING and name not in NAMES and not _is_of_hits(name):
            near = get_close_matches(name, NAMES, n=1, cutoff=0.7)
            advice = (
                f"Do you mean {near[0]}?" if near else f"There are {', '.join(NAMES)}, tracking.<event_name> and *."
            )
            raise ValueError(f"There is no event {name[:100]!r}. {advice}")
    return events


def wants(events: AbstractSet[str], event_type: str) -> bool:
    """Return whether a webhook with these events asks for events of a type (of hits: see `type_for_hit`)."""
    return event_type in events or EVERYTHING in events


def type_for_hit(events: AbstractSet[str], event_name: str | None) -> str | None:
    """As which type a webhook gets a hit, or None where it does not ask for it; never two for one hit.

    By the hit's own event name where the webhook asks for that, else as one hit among all.
    """
    if event_name is not None and (event := HIT_PREFIX + event_name) in events:
        return event
    return HIT if wants(events, HIT) else None


def _is_of_hits(name: str) -> bool:
    event_name = name.removeprefix(HIT_PREFIX)
    return name.startswith(HIT_PREFIX) and 1 <= len(event_name) <= _MAX_EVENT_NAME_LENGTH and event_name.isprintable()
