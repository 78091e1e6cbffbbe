"""The kustomize base: each object fits its schema, and keeps what the compose file keeps."""

import importlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.compose_project import ROOT, compose, instructions

FOLDER = ROOT / "deploy/kubernetes/base"
KUSTOMIZATION: dict[str, Any] = YAML(typ="safe").load(FOLDER / "kustomization.yaml")
OBJECTS: list[dict[str, Any]] = [
    definition for name in KUSTOMIZATION["resources"] for definition in YAML(typ="safe").load_all(FOLDER / name)
]
OF_KEDA = [definition for definition in OBJECTS if definition["apiVersion"].startswith("keda.sh/")]
ROLES = {
    definition["metadata"]["name"]: definition for definition in OBJECTS if definition["kind"] in {"Deployment", "Job"}
}
PODS = {name: workload["spec"]["template"]["spec"] for name, workload in ROLES.items()}
CONTAINERS = {name: pod["containers"][0] for name, pod in PODS.items()}
VERSION = "1.33"


@pytest.fixture(scope="module")
def kubernetes() -> Any:
    """The checker of objects; loading it takes a second of CPU, which every process that collects tests would pay."""
    return importlib.import_module("kubernetes_validate")


def named(kind: str) -> dict[str, dict[str, Any]]:
    return {definition["metadata"]["name"]: definition for definition in OBJECTS if definition["kind"] == kind}


@pytest.mark.parametrize(
    "definition",
    [definition for definition in OBJECTS if definition not in OF_KEDA],
    ids=lambda definition: f"{definition['kind']} {definition['metadata']['name']}",
)
def test_an_object_fits_the_schema_of_kubernetes(kubernetes: Any, definition: dict[str, Any]) -> None:
    kubernetes.validate(definition, VERSION, strict=True)


def test_the_schema_sees_what_is_wrong(kubernetes: Any) -> None:
    wrong = {**ROLES["web"], "spec": {**ROLES["web"]["spec"], "replica": 2}}
    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate(wrong, VERSION, strict=True)


def test_every_file_is_a_resource() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*KUSTOMIZATION["resources"], "kustomization.yaml"}


def test_kustomize_builds_it() -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("Debian has no kubectl: with one on the PATH the base is built too")
    done = subprocess.run(["kubectl", "kustomize", FOLDER], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built = list(YAML(typ="safe").load_all(done.stdout))
    assert len(built) == len(OBJECTS) + 1


def test_each_runs_what_its_service_of_compose_runs() -> None:
    services = compose()["services"]
    for name in ("web", "migrate"):
        assert CONTAINERS[name]["args"] == services[name]["command"]
    assert CONTAINERS["worker"]["args"][:4] == ["python", "-m", "tracker", "worker"]
    assert CONTAINERS["scheduler"]["args"] == ["python", "-m", "tracker", "scheduler"]
    for name, container in CONTAINERS.items():
        secrets = {part["value"].rsplit("/", 1)[1] for part in container["env"]}
        assert secrets == set(services[name]["secrets"]), name
        (volume,) = [volume for volume in PODS[name]["volumes"] if volume["name"] == "secrets"]
        assert {item["key"] for item in volume["secret"]["items"]} == secrets, name
        of_compose = services[name]["environment"]
        assert {part["name"]: part["value"].rsplit("/", 1)[1] for part in container["env"]} == {
            variable: value.rsplit("/", 1)[1]
            for variable, value in of_compose.items()
            if value.startswith("/run/secrets/")
        }, name


def test_pods_have_no_privilege() -> None:
    (user,) = instructions("USER")
    for name, pod in PODS.items():
        security = CONTAINERS[name]["securityContext"]
        assert security["readOnlyRootFilesystem"] is True, name
        assert security["allowPrivilegeEscalation"] is False, name
        assert security["capabilities"] == {"drop": ["ALL"]}, name
        given = pod["securityContext"]
        assert f"{given['runAsUser']}:{given['runAsGroup']}" == user, name
        assert given["runAsNonRoot"] is True, name
        assert given["seccompProfile"] == {"type": "RuntimeDefault"}, name
        # A service called tracker would put TRACKER_PORT into the environment.
        assert pod["enableServiceLinks"] is pod["automountServiceAccountToken"] is False, name
        assert "memory" in CONTAINERS[name]["resources"]["limits"], name


def test_receivers_are_replaced_without_a_gap() -> None:
    assert ROLES["web"]["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert CONTAINERS["web"]["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert CONTAINERS["web"]["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert named("PodDisruptionBudget").keys() == {"web", "worker", "scheduler"}
    drain = int(
        dict(part.split("=", 1) for part in KUSTOMIZATION["configMapGenerator"][0]["literals"])["TRACKER_DRAIN_SECONDS"]
    )
    assert PODS["worker"]["terminationGracePeriodSeconds"] >= drain + 10


def test_the_number_of_workers_is_kedas_alone_and_follows_the_metric_that_there_is() -> None:
    assert "replicas" not in ROLES["worker"]["spec"]
    (scaled,) = OF_KEDA
    assert scaled["kind"] == "ScaledObject"
    assert scaled["spec"]["scaleTargetRef"] == {"name": "worker"}
    (trigger,) = scaled["spec"]["triggers"]
    assert trigger["type"] == "prometheus"
    assert {"serverAddress", "query", "threshold"} <= trigger["metadata"].keys()
    assert all(isinstance(value, str) for value in trigger["metadata"].values())
    assert "`tracker_queue_oldest_seconds`" in (ROOT / "docs/metrics.md").read_text()
    assert "tracker_queue_oldest_seconds" in trigger["metadata"]["query"]


def test_nobody_reaches_anybody_unless_it_is_said() -> None:
    policies = named("NetworkPolicy")
    assert policies["nobody"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert [name for name, policy in policies.items() if "ingress" in policy["spec"]] == ["web"]
    assert "10.0.0.0/8" in policies["webhooks"]["spec"]["egress"][0]["to"][0]["ipBlock"]["except"]


def test_the_secret_has_the_files_that_make_secrets_makes(tmp_path: Path) -> None:
    subprocess.run(["sh", ROOT / "deploy/make-secrets", tmp_path], check=True, capture_output=True)
    wanted = {
        item["key"]
        for pod in PODS.values()
        for volume in pod["volumes"]
        if "secret" in volume
        for item in volume["secret"]["items"]
    }
    assert wanted <= {path.name for path in tmp_path.iterdir()}
