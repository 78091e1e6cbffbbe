"""What a caller presents as a key."""

from collections.abc import Mapping
from typing import Any

_BEARER = "bearer "
_NO_KEY = ("", "null", "undefined")


def presented_key(environ: Mapping[str, Any]) -> str | None:
    """What is presented as a key, in `X-API-Key` or `Authorization: Bearer`; None where nothing is.

    Browser beacons in the wild send the words `null` and `undefined`, which count as nothing. What is returned may
    still be an `app_id` or nonsense.
    """
    if (key := environ.get("HTTP_X_API_KEY")) is not None and (key := key.strip()).lower() not in _NO_KEY:
        return str(key)
    authorization = environ.get("HTTP_AUTHORIZATION")
    if authorization and authorization[: len(_BEARER)].lower() == _BEARER:
        key = authorization[len(_BEARER) :].strip()
        return None if key.lower() in _NO_KEY else key
    return None
