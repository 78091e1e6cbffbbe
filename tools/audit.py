"""Ask for known advisories on everything that is pinned: `make audit`. Further arguments are handed on to pip-audit.

Exit status: 0 when no advisory is known, or nobody could be asked, which is said; 1 when one is known; 2 when pip-audit
fails for another reason. pip-audit itself ends with 1 for all of these, and with 0 where its index knows no package.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
NETWORK_ERRORS = ("requests.exceptions.", "Could not connect to", "ConnectionError", "Timeout")
NOT_FOUND_OUT = "Nothing was found out about advisories"


def main(arguments: list[str]) -> int:
    """Run pip-audit on both locks and say in a few lines what it found."""
    locks = [word for lock in LOCKS for word in ("--requirement", str(REPOSITORY / lock))]
    fixed = ["--disable-pip", "--require-hashes", "--format=json", "--progress-spinner=off"]
    command = [sys.executable, "-m", "pip_audit", *fixed, *locks, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        audited: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except json.JSONDecodeError:
        return _explain(done.stderr)
    return _report(audited)


def _explain(errors: str) -> int:
    reason = (errors.strip().splitlines() or ["pip-audit said nothing"])[-1]
    if any(sign in reason for sign in NETWORK_ERRORS):
        print(f"{NOT_FOUND_OUT}: nobody who knows of them can be reached ({reason[:200]}).")
        return 0
    print(f"pip-audit failed: {reason}", file=sys.stderr)
    return 2


def _report(audited: list[dict[str, Any]]) -> int:
    unknown = [package["name"] for package in audited if "skip_reason" in package]
    known = [(package, advisory) for package in audited for advisory in package.get("vulns", [])]
    for package, advisory in known:
        fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {advisory['id']}, corrected in {fixed}")
    if len(unknown) == len(audited):
        print(f"{NOT_FOUND_OUT}: the index that was asked knows none of the {len(audited)} packages.")
        return 0
    if unknown:
        print(f"Not known to the index that was asked: {', '.join(sorted(unknown))}.")
    print(f"{len(audited) - len(unknown)} packages audited, {len(known)} advisories.")
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
