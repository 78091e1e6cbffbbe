"""Whether the ledger balances: what was accepted is stored, waits, or stands where a person finds it."""

from tracker.diagnostics.finding import Finding
from tracker.ledger.balance import Balance

_CHECK = "ledger"
_LOOK = "See when by `python -m tracker ledger`, mend Redis, then `python -m tracker ledger --accept-loss` notes it."


def about_ledger(balance: Balance) -> Finding:
    """Return what the ledger says, of its looks at Redis within the days that it was asked for."""
    if balance.lost:
        return Finding(_CHECK, "fail", f"{balance.lost} accepted hits are neither stored nor waiting", _LOOK)
    if balance.surplus:
        seen = f"{balance.surplus} more hits were stored or failed than accepted: Redis came back with older data"
        return Finding(_CHECK, "warn", seen, _LOOK)
    if balance.uncertain_since:
        seen = f"Redis began without its data at {max(balance.uncertain_since):%Y-%m-%d %H:%MZ}"
        to_do = (
            "Some hits of the minute before may be lost: look at what happened to Redis, and at its append-only file."
        )
        return Finding(_CHECK, "warn", seen, to_do)
    return Finding(_CHECK, "ok", f"{balance.accepted} accepted, and all are accounted for")
