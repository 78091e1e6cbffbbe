"""Errors that nobody meant as an answer, as answers: logged where an operator has to know, never quoted to a caller."""

from tracker.errors import Refused, SettingsInvalid, TryAgain
from tracker.log import logger

_RETRY_AFTER = 5

_log = logger(__name__)


def as_refused(error: Exception) -> Refused:
    """What to tell the caller about `error`: itself, that a server is away, or that something went wrong here."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, TryAgain):
        _log.error("a server is away", reason=str(error))
        sentence = "The service is not available at the moment."
        return Refused("SERVICE_UNAVAILABLE", 503, sentence, retry_after=_RETRY_AFTER)
    if isinstance(error, SettingsInvalid):
        # One that only some requests need, so that the process has started without it: the key of webhooks' secrets.
        _log.error("a setting is missing", reason=str(error))
        sentence = "The service is not set up for this; its operator finds the reason in the log."
        return Refused("SERVICE_UNAVAILABLE", 503, sentence, retry_after=_RETRY_AFTER)
    _log.error("unexpected error", exc_info=error)
    return Refused("INTERNAL_ERROR", 500, "Something went wrong here; it has been logged.")
