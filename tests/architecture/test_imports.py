import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.source_tree import REPOSITORY, python_files

FORBIDDEN = [
    ("hit.py", "psycopg", "PostgreSQL's libraries have one package"),
    ("receiver/app.py", "rq", "Redis and RQ have one package"),
    ("store/queries.py", "flask", "Flask and what belongs to it have three packages"),
    ("ingest/write.py", "click", "The terminal has one package"),
    ("receiver/app.py", "tracker.ingest.write", "packages of one line never import each other"),
    ("store/queries.py", "tracker.queueing.entry", "packages of one line never import each other"),
    ("errors.py", "tracker.hit", "High may import low"),
    ("reports/zone_days.py", "zoneinfo", "Time zones have one module"),
    ("wiring/__init__.py", "requests", "What sends requests has two packages"),
    ("outbox/payload.py", "cryptography", "Ciphers and certificates have a module each"),
    ("api/answers.py", "jinja2", "Templates and signed cookies have one package"),
    ("wiring/__init__.py", "psycopg_pool", "is imported nowhere"),
]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--config", str(REPOSITORY / "pyproject.toml")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "PYTHONPATH": str(folder), "COLUMNS": "200"},
    )


def test_every_import_contract_is_kept() -> None:
    done = lint_imports(REPOSITORY)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of a copy of the tree that holds every forbidden import: under each broken contract, the imports."""
    folder = tmp_path_factory.mktemp("copy")
    for path in python_files("tracker"):
        copy = folder / path.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    for importing, imported, _ in FORBIDDEN:
        with (folder / "tracker" / importing).open("a") as changed:
            changed.write(f"\nimport {imported}\n")
    done = lint_imports(folder)
    assert done.returncode == 1, done.stdout + done.stderr
    _, broken = done.stdout.split("Broken contracts\n", 1)
    parts = broken.split("\n---")  # A contract's name is underlined, and stands at the end of the part before it.
    names = [part.rstrip().rpartition("\n")[2] for part in parts]
    return dict(zip(names, parts[1:], strict=False))


@pytest.mark.parametrize(("importing", "imported", "broken"), FORBIDDEN)
def test_a_forbidden_import_is_found(findings: dict[str, str], importing: str, imported: str, broken: str) -> None:
    """The contracts are not empty words: a bad import breaks the right one."""
    module = f"tracker.{importing}".removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    [broken_contract] = [text for name, text in findings.items() if broken in name]
    assert f"- {module} -> {imported} (l." in broken_contract.replace("-   ", "- ")
