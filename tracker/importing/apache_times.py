"""Apache's `%{...}t`: a time in the words of strftime, whole or in several places of a format string."""

import re
from typing import Final

from tracker.errors import Refused
from tracker.importing.line_format import LineFormat
from tracker.importing.record import Fields

_PREFIX: Final = "time_"
_DIGITS: Final = r"\d\d"
_CODES: Final = {
    **dict.fromkeys("ymdHMS", _DIGITS),
    "Y": r"\d{4}",
    "e": r"[ \d]?\d",
    "b": r"[A-Za-z]{3}",
    "z": r"(?:[+-]\d\d:?\d\d|Z)",
    "Z": r"[A-Z]{1,5}",
    "s": r"\d{9,11}",
    "f": r"\d{1,9}",
}
_PASSED_OVER: Final = {"a": "[A-Za-z]{3}", "A": "[A-Za-z]+", "j": r"\d{3}", "u": r"\d", "w": r"\d"}
_SHORT_FOR: Final = {
    "T": "%H:%M:%S",
    "R": "%H:%M",
    "F": "%Y-%m-%d",
    "D": "%m/%d/%y",
    "h": "%b",
    "c": "%a %b %e %H:%M:%S %Y",
    "n": "\n",
    "t": "\t",
}
_JAVA: Final = {
    **dict.fromkeys(("Z", "ZZZ", "XX", "xx", "XXX", "xxx"), "%z"),
    **dict.fromkeys(("z", "zzz"), "%Z"),
    **dict.fromkeys(("SSS", "SSSSSS"), "%f"),
    "yyyy": "%Y",
    "yy": "%y",
    "MMM": "%b",
    "MM": "%m",
    "dd": "%d",
    "d": "%e",
    "HH": "%H",
    "mm": "%M",
    "ss": "%S",
    "EEE": "%a",
}
_JAVA_WORD: Final = re.compile(r"'([^']*)'|(([A-Za-z])\3*)")
_CODE: Final = re.compile(r"%([A-Za-z%])")
_NUMBERS: Final = ("sec", "msec", "usec")
_FRACTIONS: Final = ("msec_frac", "usec_frac")


def _of_java(words: str) -> str:
    """Return a pattern of Java's (Tomcat's, Jetty's: `dd/MMM/yyyy:HH:mm:ss ZZZ|GMT`) in the words of strftime.

    Raises Refused.
    """

    def code_of(match: re.Match[str]) -> str:
        if match[2] is None:
            return match[1]
        if match[2] not in _JAVA:
            raise Refused("VALIDATION_ERROR", 400, f"--format has a time that cannot be read: {match[2]} in {words!r}.")
        return _JAVA[match[2]]

    return _JAVA_WORD.sub(code_of, words.partition("|")[0])


class SplitTimeFormat(LineFormat):
    """A format whose time stands in parts, each under the name of its code."""

    def read(self, line: bytes) -> Fields | None:
        """Return the fields of a line with the time as one, or None where the line is not of this format."""
        return _with_one_time(super().read(line))

    def read_plain(self, line: str) -> Fields | None:
        """Return the same of a line in which nothing is escaped."""
        return _with_one_time(super().read_plain(line))


def _with_one_time(fields: Fields | None) -> Fields | None:
    """Return the fields with the parts of the time joined; what `read` has by way of `read_plain` has none left."""
    if fields is None:
        return None
    parts = {name.removeprefix(_PREFIX): fields.pop(name) for name in [*fields] if name.startswith(_PREFIX)}
    if parts:
        fields["time"] = _time(parts)
    return fields


class TimeShapes:
    """Makes the regular expressions of a format string's `%{...}t`, each code named once."""

    def __init__(self) -> None:
        self.named: set[str] = set()

    def shape(self, argument: str | None) -> str | None:
        """Return what stands for an argument; None where it is a whole time that needs no words. Raises Refused."""
        words = (argument or "").removeprefix("begin:").removeprefix("end:")
        if not words:
            return None
        if words in _NUMBERS:
            return r"\d{9,19}"
        if words in _FRACTIONS:
            return self._named("f", r"\d{3}" if words == "msec_frac" else r"\d{6}")
        is_of_java = "%" not in words
        if is_of_java:
            words = _of_java(words)
        words = _CODE.sub(lambda match: _SHORT_FOR.get(match[1], match[0]), words)
        end, shape = 0, ""
        for match in _CODE.finditer(words):
            shape += re.escape(words[end : match.start()]) + self._of_code(match[1], words)
            end = match.end()
        shape += re.escape(words[end:])
        return rf"\[?{shape}\]?" if is_of_java else shape  # Jetty puts brackets around it.

    def check(self, text: str) -> None:
        """Raises Refused where the codes of a format string do not make a time."""
        days = {"Y", "y"} & self.named and {"b", "m"} & self.named and {"d", "e"} & self.named
        if self.named and "s" not in self.named and not (days and {"H", "M", "S"} <= self.named):
            raise Refused(
                "VALIDATION_ERROR", 400, f"--format {text!r} has a part of a time only: a hit needs all of it."
            )

    def _of_code(self, code: str, words: str) -> str:
        if code == "%":
            return "%"
        if code in _PASSED_OVER:
            return _PASSED_OVER[code]
        if code not in _CODES:
            raise Refused("VALIDATION_ERROR", 400, f"--format has a time that cannot be read: %{code} in {words!r}.")
        return self._named(code, _CODES[code])

    def _named(self, code: str, shape: str) -> str:
        if code in self.named:
            return f"(?:{shape})"
        self.named.add(code)
        return f"(?P<{_PREFIX}{code}>{shape})"


def _time(parts: dict[str, str]) -> str:
    """Return the time in the shape of one that servers write whole."""
    fraction = f".{parts['f']}" if "f" in parts else ""
    if "s" in parts:
        return parts["s"] + fraction
    year = parts.get("Y") or f"20{parts['y']}"
    day = (parts.get("d") or parts["e"]).strip().zfill(2)
    clock = f"{parts['H']}:{parts['M']}:{parts['S']}{fraction}"
    zone = f" {parts.get('z') or parts['Z']}" if {"z", "Z"} & parts.keys() else ""
    # Months by number and by name are read from two shapes.
    return f"{day}/{parts['b']}/{year}:{clock}{zone}" if "b" in parts else f"{year}-{parts['m']}-{day} {clock}{zone}"
