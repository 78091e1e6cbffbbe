"""deploy/pin-images: each image of compose by its digest."""

import os
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

from tests.support.compose_project import ROOT, compose


def test_each_image_is_pinned_by_what_its_registry_says(tmp_path: Path) -> None:
    """No registry of images is reached here: a program called `docker` answers in its place."""
    services = compose()["services"]
    digest = "sha256:" + "0" * 64
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\necho {digest}\n')
    docker.chmod(0o755)
    target = tmp_path / "docker-compose.pinned.yml"
    command = ["sh", str(ROOT / "deploy/pin-images"), str(target)]
    subprocess.run(command, env={"PATH": f"{tmp_path}:{os.defpath}"}, check=True, capture_output=True)
    pinned = YAML(typ="safe").load(target)["services"]
    assert pinned.keys() == services.keys()
    for name, service in services.items():
        if service["image"] == "access-log-tracker":
            assert pinned[name] == {"build": {"args": {"PYTHON_IMAGE": f"python:3.11-slim@{digest}"}}}
        else:
            assert pinned[name] == {"image": f"{service['image']}@{digest}"}
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(target)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    docker.write_text("#!/bin/sh\nexit 1\n")
    refused = subprocess.run(
        ["sh", str(ROOT / "deploy/pin-images"), str(tmp_path / "none")],
        env={"PATH": f"{tmp_path}:{os.defpath}"},
        check=False,
        capture_output=True,
    )
    assert refused.returncode != 0
    assert not (tmp_path / "none").exists()
