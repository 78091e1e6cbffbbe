"""An application's settings as the receiver applies them: read once for each state of an application, not per hit."""

from dataclasses import dataclass
from uuid import UUID

from tracker.application import Application
from tracker.application_settings import ALLOW_LOCALHOST, BOT_FILTER, DIALECTS, ORIGIN_CHECK, RESPECT_DNT
from tracker.dialects.original import NAME as ORIGINAL
from tracker.privacy.anonymization import Privacy
from tracker.receiver.allowance import Allowance

_MAX_KNOWN = 20_000


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for the hits of one application."""

    domain: str | None
    """The host, in lower case, that browsers' hits must come from or be below; None where none or not asked for."""
    origin_required: bool
    allow_localhost: bool
    drops_bots: bool
    respect_dnt: str
    privacy: Privacy
    allowance: Allowance
    dialects: frozenset[str]
    speaks_original: bool

    @classmethod
    def of(cls, application: Application, daily_megabytes: int = 0) -> "Rules":
        settings = application.settings
        check, dialects = ORIGIN_CHECK.value(settings), DIALECTS.value(settings)
        return cls(
            domain=application.domain.lower() if application.domain and check != "off" else None,
            origin_required=check == "strict",
            allow_localhost=ALLOW_LOCALHOST.value(settings),
            drops_bots=BOT_FILTER.value(settings) == "drop",
            respect_dnt=RESPECT_DNT.value(settings),
            privacy=Privacy.of(settings),
            allowance=Allowance.of(application, daily_megabytes),
            dialects=frozenset(dialects),
            speaks_original=ORIGINAL in dialects,
        )


class RuleBook:
    """The rules of each known application. Thread-safe: two threads may read the same settings, with one result."""

    def __init__(self, daily_megabytes: int) -> None:
        self._daily_megabytes = daily_megabytes
        self._known: dict[UUID, tuple[Application, Rules]] = {}
        self._spoken: set[str] = set()

    def rules_of(self, application: Application) -> Rules:
        known = self._known.get(application.id)
        # A snapshot is replaced, never changed: the same object has the same settings.
        if known is not None and known[0] is application:
            return known[1]
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        rules = Rules.of(application, self._daily_megabytes)
        self._known[application.id] = application, rules
        self._spoken |= rules.dialects
        return rules

    def is_spoken(self, dialect: str) -> bool:
        """Return whether an application has come by here that has the dialect switched on."""
        return dialect in self._spoken
