"""A format string as it stands in a server's configuration: with its directive's name, in quotes, on several lines."""

import re
from typing import Final, NamedTuple

_NGINX: Final = re.compile(r"log_format\s+\S+\s+(?:escape=(default|json|none)\s+)?(.*?);?\s*", re.DOTALL)
_APACHE: Final = re.compile(
    r"""(?:LogFormat|(?:Custom|Global|Transfer)Log\s+\S+)\s+"((?:[^"\\]|\\.)*)"(?:\s+\S+)*\s*""",
    re.DOTALL | re.IGNORECASE,
)
_HAPROXY: Final = re.compile(r"log-format(?:-sd)?\s+(.*?)\s*", re.DOTALL)
_TOMCAT: Final = re.compile(r'pattern\s*=\s*"(.*)"', re.DOTALL)
_UNDERTOW: Final = re.compile(r"%\{([ioc]),([^}]*)\}")
_LOGBACK: Final = re.compile(r"%([iot])\{([^},]*)(?:, *[^}]*)?\}")
_SQUID: Final = re.compile(r"logformat\s+\S+\s+(.*)", re.DOTALL)
_GUNICORN: Final = re.compile(r"%\((?:(\{[^}]*\}[a-z])|([A-Za-z]{1,2}))\)s")
_OF_GUNICORN: Final = {"f": "{Referer}i", "a": "{User-Agent}i", "p": "P", "st": "X", "S": "X"}
"""Its names that Apache has others for, or none; the other letters are Apache's."""
_PIECES: Final = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")""", re.DOTALL)
_ESCAPES: Final = {"default": "nginx", "json": "json", "none": "none"}


class BareFormat(NamedTuple):
    """A format string alone."""

    text: str
    escape: str | None = None
    """What nginx' `escape=` says."""


def bare_format(pasted: str) -> BareFormat:
    """Return the format string that a directive holds, or the text itself where it is none."""
    text = pasted.strip().removesuffix("\\n").replace("&quot;", '"')
    if match := _TOMCAT.fullmatch(text) or _SQUID.fullmatch(text):
        text = match[1]
    if _GUNICORN.search(text):
        return BareFormat(_GUNICORN.sub(_as_apache, _unescaped(text)), "quote")
    text = _LOGBACK.sub(r"%{\2}\1", _UNDERTOW.sub(r"%{\2}\1", text))
    if match := _NGINX.fullmatch(text):
        return BareFormat(_joined(match[2]), _ESCAPES[match[1]] if match[1] else None)
    if match := _APACHE.fullmatch(text):
        return BareFormat(_unquoted(match[1]))
    if match := _HAPROXY.fullmatch(text):
        # There a space may be escaped instead of quoted.
        return BareFormat(_joined(match[1].replace("\\ ", " ")))
    return BareFormat(
        _joined(text) if text.startswith("'") or (text.startswith('"') and '\\"' in text) else _unescaped(text)
    )


def _joined(text: str) -> str:
    """Join what nginx' configuration has in several pairs of quotes; anything else stays as it is."""
    end, parts = 0, []
    while match := _PIECES.match(text, end):
        parts.append(_unquoted(match[1] if match[1] is not None else match[2]))
        end = match.end()
    whole = bool(parts) and not text[end:].strip()
    return "".join(parts) if whole else _unescaped(text)


def _as_apache(match: re.Match[str]) -> str:
    return f"%{match[1] or _OF_GUNICORN.get(match[2], match[2])}"


def _unquoted(text: str) -> str:
    return _unescaped(text).replace("\\'", "'")


def _unescaped(text: str) -> str:
    r"""Return a text as the configuration means it: `\t` is a tab to nginx, Apache and HAProxy."""
    return text.replace('\\"', '"').replace("\\t", "\t")
