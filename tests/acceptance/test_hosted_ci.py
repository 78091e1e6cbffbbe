import subprocess
import sys

from tests.support.command_line import PROJECT


def test_the_workflow_fits_the_schema_of_workflows() -> None:
    path = PROJECT / ".github/workflows/ci.yml"
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
