"""The applications that hits name, with their definitions and their webhooks; kept for a few seconds."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID

from tracker.application import Application, ParameterDefinition
from tracker.application_settings import CUSTOM_PARAMS_MODE, MAX_DIFFERENT_VALUES
from tracker.clock import Clock
from tracker.outbox.publish import Subscribers, subscribers_of
from tracker.parameter_limits import default_bytes, is_open, usable_rules
from tracker.parameter_rules import ParameterRule
from tracker.store import applications, custom_parameter_definitions
from tracker.store.database import Database

_KEPT_SECONDS = 3.0
"""A changed definition or webhook counts for hits that are written this much later; the receivers promise 5 s."""


@dataclass(frozen=True, slots=True)
class Known:
    """An application, ready for checking its hits."""

    application: Application
    rules: Sequence[ParameterRule]
    mode: str
    open_keys: AbstractSet[str]
    """The parameters whose values anybody may invent: neither numbers and booleans nor those that the owner lists."""
    max_different_values: int
    defaults: int
    """How many definitions have a default."""
    default_bytes: int
    audience: Subscribers | None
    """Its active webhooks, or None where it has none."""


class ApplicationLookup:
    """What this drain knows, read again after a few seconds: one transaction for all that a batch names."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[str, Known | None] = {}
        self._until = 0.0

    def of(self, app_ids: AbstractSet[str]) -> Mapping[str, Known | None]:
        """At least these, by `app_id`; None stands for one that has no row. Raises DatabaseUnavailable and its kin."""
        now = self._clock.monotonic()
        if now >= self._until:
            self._known = {}
            self._until = now + _KEPT_SECONDS
        if missing := app_ids - self._known.keys():
            self._known |= self._read(sorted(missing))
        return self._known

    def at_hand(self, app_ids: AbstractSet[str]) -> Mapping[str, Known | None] | None:
        """Return the same without asking PostgreSQL, or None where that would have to be asked."""
        is_known = self._clock.monotonic() < self._until and app_ids <= self._known.keys()
        return self._known if is_known else None

    def _read(self, app_ids: Sequence[str]) -> dict[str, Known | None]:
        with self._database.transaction() as tx:
            by_app_id = applications.find_many(tx, app_ids)
            defined = custom_parameter_definitions.by_application(tx, [app.id for app in by_app_id.values()])
            listening = subscribers_of(tx, by_app_id.values())
        return {app_id: _known(by_app_id.get(app_id), defined, listening) for app_id in app_ids}


def _known(
    application: Application | None,
    defined: Mapping[UUID, Sequence[ParameterDefinition]],
    listening: Mapping[UUID, Subscribers],
) -> Known | None:
    if application is None:
        return None
    rules = usable_rules(defined.get(application.id, ()))
    return Known(
        application=application,
        rules=rules,
        mode=CUSTOM_PARAMS_MODE.value(application.settings),
        open_keys={rule.key for rule in rules if is_open(rule)},
        max_different_values=MAX_DIFFERENT_VALUES.value(application.settings),
        defaults=sum(rule.default_text is not None for rule in rules),
        default_bytes=sum(map(default_bytes, rules)),
        audience=listening.get(application.id),
    )
