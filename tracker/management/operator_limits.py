"""Limits that an owner may lower, and raise again up to what the operator has set, no further.

The operator is whoever has the admin token or runs commands on the server; an owner changes things with a key.
"""

import math
from typing import Final

from tracker.application import Application
from tracker.application_settings import KnownSetting
from tracker.errors import Refused
from tracker.management.audit import Actor
from tracker.setting_types import WholeNumber
from tracker.store import operator_limits
from tracker.store.database import Transaction

RATE_LIMIT: Final = "rate_limit_per_minute"


def require_rate_limit(tx: Transaction, application: Application, rate_limit: int, *, by: Actor) -> None:
    """Let the operator set the limit a minute, and an owner one that is not above it. Raises Refused (FORBIDDEN)."""
    if by.kind != "key":
        operator_limits.put(tx, application.id, RATE_LIMIT, rate_limit)
        return
    allowed = operator_limits.get(tx, application.id, RATE_LIMIT)
    if rate_limit > (application.rate_limit_per_minute if allowed is None else allowed):
        raise _forbidden(RATE_LIMIT, allowed)


def require_setting(
    tx: Transaction, application: Application, setting: KnownSetting, text: str | None, *, by: Actor
) -> None:
    """Do the same for a setting that is a limit; `text` is None where it is left to its default."""
    if not isinstance(setting, WholeNumber) or setting.limits is None:
        return
    if by.kind != "key":
        if text is None:
            operator_limits.unset(tx, application.id, setting.key)
        else:
            operator_limits.put(tx, application.id, setting.key, setting.read(text))
        return
    allowed = operator_limits.get(tx, application.id, setting.key)
    if allowed is None and setting.limits == "by default":
        allowed = setting.default
    value = setting.default if text is None else setting.read(text)
    if allowed is not None and _amount(setting, value) > _amount(setting, allowed):
        raise _forbidden(setting.key, allowed)


def _amount(setting: WholeNumber, value: int) -> float:
    return math.inf if setting.zero_is_unlimited and value == 0 else value


def _forbidden(name: str, allowed: int | None) -> Refused:
    so_far = "it is" if allowed is None else f"{allowed}"
    return Refused("FORBIDDEN", 403, f"{name} cannot be raised above {so_far} with a key: only the operator can.")
