"""The steps of `make release VERSION=X.Y.Z` that no other tool takes: `python tools/release.py STEP VERSION`.

`check` says whether the release can be made, `prepare` writes the version and cuts the changelog, `finish` commits and
tags, and opens the next version. What may fail (tests, the build) runs before `finish`, which alone commits.
"""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_VERSION_FILE = _ROOT / "tracker" / "__init__.py"
_CHANGELOG = _ROOT / "CHANGELOG.md"
_VERSION = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}")
_VERSION_LINE = re.compile(r'^__version__ = "([^"]*)"$', re.MULTILINE)
_UNRELEASED = "## Unreleased\n"


class ReleaseRefused(Exception):
    """The release cannot be made; the message says why, and what to do."""


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=_ROOT, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise ReleaseRefused(f"`git {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _numbers(version: str) -> tuple[int, ...]:
    if not _VERSION.fullmatch(version):
        raise ReleaseRefused(f"{version!r} is no version: give three numbers, as in `make release VERSION=0.2.0`.")
    return tuple(map(int, version.split(".")))


def _unreleased(changelog: str) -> str:
    """What stands under Unreleased, without the heading."""
    _, heading, rest = changelog.partition(_UNRELEASED)
    if not heading:
        raise ReleaseRefused(f"CHANGELOG.md has no heading {_UNRELEASED.strip()!r}: put it above the newest version.")
    return re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def check(version: str) -> None:
    """Raise ReleaseRefused where the release cannot be made from this checkout."""
    numbers = _numbers(version)
    if changed := _git("status", "--porcelain"):
        raise ReleaseRefused(f"The checkout has changes that are not committed; commit or remove them:\n{changed}")
    tags = _git("tag", "--list", "v*").splitlines()
    released = [tag.removeprefix("v") for tag in tags if _VERSION.fullmatch(tag.removeprefix("v"))]
    newer = [version for version in released if _numbers(version) >= numbers]
    if newer:
        raise ReleaseRefused(f"{max(newer, key=_numbers)} is released already: give a later version than {version}.")
    if not _unreleased(_CHANGELOG.read_text(encoding="utf-8")).strip():
        raise ReleaseRefused("CHANGELOG.md says nothing under Unreleased: write what operators must know.")


def _write_version(version: str) -> None:
    text = _VERSION_FILE.read_text(encoding="utf-8")
    written, count = _VERSION_LINE.subn(f'__version__ = "{version}"', text)
    if count != 1:
        raise ReleaseRefused(f"{_VERSION_FILE} must have exactly one line `__version__ = ...`.")
    _VERSION_FILE.write_text(written, encoding="utf-8")


def prepare(version: str) -> None:
    """Write the version, and give what stands under Unreleased the version and the day (UTC)."""
    check(version)
    _write_version(version)
    changelog = _CHANGELOG.read_text(encoding="utf-8")
    heading = f"## {version} - {datetime.now(UTC).date().isoformat()}\n"
    _CHANGELOG.write_text(changelog.replace(_UNRELEASED, f"{_UNRELEASED}\n{heading}", 1), encoding="utf-8")


def finish(version: str) -> None:
    """Commit and tag what `prepare` has written, and begin the next version."""
    numbers = _numbers(version)
    _git("commit", "--quiet", "--message", f"Release {version}", "--", str(_VERSION_FILE), str(_CHANGELOG))
    _git("tag", "--annotate", f"v{version}", "--message", f"Release {version}")
    coming = f"{numbers[0]}.{numbers[1] + 1}.0.dev0"
    _write_version(coming)
    _git("commit", "--quiet", "--message", f"Work on {coming.removesuffix('.dev0')} begins", "--", str(_VERSION_FILE))


_STEPS = {"check": check, "prepare": prepare, "finish": finish}


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[0] not in _STEPS:  # noqa: PLR2004 a step and a version
        sys.stderr.write(f"usage: python tools/release.py {'|'.join(_STEPS)} VERSION\n")
        return 2
    try:
        _STEPS[arguments[0]](arguments[1])
    except ReleaseRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
