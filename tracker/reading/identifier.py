"""Texts that name something, as somebody may write them who looks for it."""

from tracker.errors import invalid
from tracker.json_rules import faults

MAX_LENGTH = 100
"""Characters: the columns `session_id`, `client_sub_id`, `module_id`, `event_name` and `parameter_key` hold no more."""


def identifier(name: str, text: str | None) -> str | None:
    """Return the text, or None. Raises Refused that names the argument where PostgreSQL could not hold it."""
    if text is None:
        return None
    reason = next((reason for _, reason in faults(text, "", 0)), None)
    if not 1 <= len(text) <= MAX_LENGTH:
        reason = f"Must have 1 to {MAX_LENGTH} characters."
    if reason is not None:
        raise invalid(f"{name}: {reason}", **{name: [reason]})
    return text
