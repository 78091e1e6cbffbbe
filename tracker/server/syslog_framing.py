"""Where a syslog message ends in a stream: counted octets or a line's end (RFC 6587, section 3.4), by message."""

import re
from typing import Final

MAX_MESSAGE: Final = 65_536
"""Bytes of a message; of a longer one nothing is taken."""
_COUNT: Final = re.compile(rb"([1-9][0-9]{0,8}) (?=<)")
_BEGUN_COUNT: Final = re.compile(rb"[1-9][0-9]{0,8} ?")
_TRAILER: Final = re.compile(rb"[\n\0]")


class SyslogFraming:
    """Cuts what one connection brings into messages. It keeps at most one message that is not whole."""

    def __init__(self) -> None:
        self.too_long = 0
        """Messages that were longer than MAX_MESSAGE."""
        self._data = b""
        self._octets_to_skip = 0
        self._skips_line = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that end in `data`, without what separates them."""
        data = self._data + data
        start = 0
        messages: list[bytes] = []
        while (end := self._next(data, start, messages)) is not None:
            start = end
        self._data = data[start:]
        return messages

    @property
    def holds_part(self) -> bool:
        """Return whether a message has begun that has not ended."""
        return bool(self._data) or self._octets_to_skip > 0 or self._skips_line

    def _next(self, data: bytes, start: int, messages: list[bytes]) -> int | None:
        """Take one message from `start` on, and say where it ends; None where more has to come first."""
        rest = len(data) - start
        if not rest:
            return None
        if self._octets_to_skip:
            skipped = min(rest, self._octets_to_skip)
            self._octets_to_skip -= skipped
            return start + skipped
        if not self._skips_line and data[start : start + 1].isdigit():
            if count := _COUNT.match(data, start):
                return self._counted(data, count, messages)
            if _BEGUN_COUNT.fullmatch(data, start):
                return None
        return self._line(data, start, messages)

    def _line(self, data: bytes, start: int, messages: list[bytes]) -> int | None:
        trailer = _TRAILER.search(data, start)
        if trailer is None:
            if len(data) - start > MAX_MESSAGE:
                self.too_long += not self._skips_line
                self._skips_line = True
                return len(data)
            return None
        if self._skips_line:
            self._skips_line = False
        else:
            self._add(data[start : trailer.start()], messages)
        return trailer.end()

    def _counted(self, data: bytes, count: re.Match[bytes], messages: list[bytes]) -> int | None:
        length = int(count[1])
        if length > MAX_MESSAGE:
            self.too_long += 1
            self._octets_to_skip = length
            return count.end()
        if len(data) - count.end() < length:
            return None
        self._add(data[count.end() : count.end() + length], messages)
        return count.end() + length

    def _add(self, message: bytes, messages: list[bytes]) -> None:
        message = without_trailer(message)
        if len(message) > MAX_MESSAGE:
            self.too_long += 1
        elif message:
            messages.append(message)


def without_trailer(message: bytes) -> bytes:
    """Return the message without the line's end or NUL that some senders count among it."""
    return message.rstrip(b"\r\n\0")
