"""What an import says at its end, for people and for programs."""

import re
from dataclasses import asdict
from typing import Final

import click

from tracker.cli.output import note, print_json
from tracker.importing.summary import BadLine, Summary

MAX_SHOWN = 1000
"""Bad lines of a kind whose reasons are looked at for a person."""
_DIGITS: Final = re.compile(r"\d+")
_KINDS = {"page": "of pages", "asset": "of assets", "error": "answered with errors", "request": "of no page"}


def report(summary: Summary, seconds: float, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "lines": summary.lines,
                "queued": summary.queued,
                "stored": summary.stored,
                "known": summary.known,
                "replaced": summary.replaced,
                "bots": summary.bots,
                "other_hosts": summary.other_hosts,
                "malformed": summary.malformed_count,
                "refused": summary.refused_count,
                "without_address": summary.no_address.count,
                "without_user_agent": summary.no_user_agent.count,
                "kinds": dict(summary.kinds),
                "formats": dict(summary.formats),
                "unread_fields": sorted(summary.unread),
                "unfinished": summary.unfinished,
                "seconds": round(seconds, 3),
                "malformed_lines": [asdict(bad) for bad in summary.malformed],
                "refused_lines": [asdict(bad) for bad in summary.refused],
            }
        )
        return
    left_out = f"{summary.known} known already, " if summary.known else ""
    left_out += f"{summary.replaced} written anew, " if summary.replaced else ""
    left_out += f"{summary.bots} of bots left out, " if summary.bots else ""
    left_out += f"{summary.other_hosts} for other hosts left out, " if summary.other_hosts else ""
    counts = {"stored": summary.stored, "queued": summary.queued - summary.stored}
    taken = ", ".join(f"{count} {what}" for what, count in counts.items() if count or what == "stored")
    click.echo(
        f"{summary.lines} lines: {taken}, {left_out}{summary.malformed_count} malformed, "
        f"{summary.refused_count} refused, in {seconds:.1f} seconds."
    )
    _say_what_was_read(summary)
    _list("malformed", summary.malformed, summary.malformed_count)
    _list("refused", summary.refused, summary.refused_count)


def _say_what_was_read(summary: Summary) -> None:
    if summary.formats:
        note("formats: " + ", ".join(f"{name} ({count})" for name, count in summary.formats.most_common()))
    if summary.kinds.keys() - {"page"}:
        note("requests: " + ", ".join(f"{count} {_KINDS[kind]}" for kind, count in summary.kinds.most_common()))
    if summary.unread:
        note("not read: " + ", ".join(sorted(summary.unread)))
    for missing, what in ((summary.no_address, "address"), (summary.no_user_agent, "user agent")):
        if missing.count:
            note(f"{missing.count} of {summary.lines} lines had no {what}, the first is {missing.first}")
    for file in summary.unfinished:
        note(f"the last line of {file} has no end yet: it waits for the next run")


def _list(kind: str, bad_lines: list[BadLine], count: int) -> None:
    """Print each reason once, with its first line and how many more of the lines that were kept have it."""
    reasons: dict[str, list[BadLine]] = {}
    for bad in bad_lines:
        # Reasons that differ in their numbers alone are one.
        reasons.setdefault(_DIGITS.sub("", bad.reason), []).append(bad)
    for first, *others in reasons.values():
        more = f" (and {len(others)} more)" if others else ""
        note(f"{kind}: {first.file} line {first.line}: {first.reason}{more}")
    if count > len(bad_lines) > 0:
        note(f"{kind}: and {count - len(bad_lines)} more; --json lists them all")
