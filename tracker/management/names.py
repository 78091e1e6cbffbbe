"""What somebody calls a thing, and by which id it goes."""

from uuid import UUID

from tracker.errors import invalid, not_found
from tracker.visible_text import is_visible

MAX_NAME_LENGTH = 255


def name_of(text: str) -> str:
    """Return a name without blanks around it. Raises Refused."""
    name = text.strip()
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not is_visible(name):
        reason = f"It needs 1 to {MAX_NAME_LENGTH} characters, none of them invisible."
        raise invalid(f"The name is not accepted: {reason}", name=[reason])
    return name


def id_of(text: str, kind: str) -> UUID:
    """Return an id. Raises Refused (NOT_FOUND) for what is none: there is no such thing of that `kind`."""
    try:
        return UUID(text)
    except ValueError:
        raise not_found(f"The application has no such {kind}.") from None
