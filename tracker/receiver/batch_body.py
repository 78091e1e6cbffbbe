"""The body of a batch: an object with `events`, a list, or objects in lines, as log shippers send them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from tracker.errors import Refused
from tracker.json_rules import parse, refusal

_LINES: Final = ("ndjson", "jsonl", "json-lines", "jsonlines", "json-seq")
_DECODER: Final = json.JSONDecoder()


class BatchBody(NamedTuple):
    """A batch as an object with `events`; `suspicious` as `Parsed` says.

    `is_whole` where it came as a list or in lines: those who send that look at the status alone, and could send again
    what was refused for now only together with the rest.
    """

    value: dict[str, Any]
    suspicious: bool
    is_whole: bool


def parse_batch(body: bytes, environ: Mapping[str, Any]) -> BatchBody:
    """Return a body as an object with `events`, in whichever of the forms it came. Raises Refused.

    A line that is no JSON stands among the events as its refusal.
    """
    kind = str(environ.get("CONTENT_TYPE") or "").lower()
    if any(name in kind for name in _LINES):
        return _of_lines(body)
    try:
        parsed = parse(body)
    except Refused:
        if not body.lstrip()[:1] == b"{":
            raise
        lines = _of_lines(body)
        if len(lines.value["events"]) == 1 or isinstance(lines.value["events"][0], Refused):
            raise
        return lines
    if isinstance(parsed.value, list):
        return BatchBody({"events": parsed.value}, parsed.suspicious, is_whole=True)
    if not isinstance(parsed.value, dict):
        raise refusal("body", "Must be a JSON object, an array of events, or events in lines.")
    return BatchBody(parsed.value, parsed.suspicious, is_whole=False)


def _of_lines(body: bytes) -> BatchBody:
    events = [event for line in body.splitlines() if line.strip(b" \t\r\x1e") for event in _in_line(line)]
    if len(events) == 1 and isinstance(events[0], dict) and isinstance(events[0].get("events"), list):
        return BatchBody(events[0], suspicious=True, is_whole=False)
    return BatchBody({"events": events}, suspicious=True, is_whole=True)


def _in_line(line: bytes) -> Iterator[Any]:
    """Give the values of a line: one, or several without anything between them."""
    try:
        yield parse(line.strip(b" \t\r\x1e"), name="event").value
    except Refused as refused:
        pieces = _pieces(line)
        if pieces is None:
            yield refused
        else:
            for piece in pieces:
                yield parse(piece, name="event").value


def _pieces(line: bytes) -> list[bytes] | None:
    """Return the texts of several JSON objects, one right behind the other; None where the line is not that."""
    text, pieces, place = line.decode("utf-8", "surrogateescape").strip(), [], 0
    try:
        while place < len(text):
            _, end = _DECODER.raw_decode(text, place)
            pieces.append(text[place:end].encode("utf-8", "surrogateescape"))
            place = end + len(text[end:]) - len(text[end:].lstrip())
    except (ValueError, RecursionError):
        return None
    return pieces if len(pieces) > 1 else None
