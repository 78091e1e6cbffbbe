"""The template for AWS: cfn-lint finds nothing, no secret stands in it, it gives what the specification asks for."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.compose_project import ROOT
from tracker import config

TEMPLATE = ROOT / "deploy/aws/template.yaml"
# Section 1.3.2 of the specification; ruling and reasons stand in decision 0013 and in the template.
SET_ON_AURORA = {
    "max_connections": "1000",
    "maintenance_work_mem": str(256 * 1024),
    "default_statistics_target": "100",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "200",
    "work_mem": str(4 * 1024),
}
LEFT_OUT = {
    "shared_buffers",
    "effective_cache_size",
    "checkpoint_completion_target",
    "wal_buffers",
    "min_wal_size",
    "max_wal_size",
}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    from cfnlint.decode import decode_str  # Loads sympy with it: no other test needs it, and it takes a second.

    template, problems = decode_str(TEMPLATE.read_text())
    assert not problems
    declared: dict[str, Any] = template["Resources"]
    return declared


def of_type(resources: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}


def containers(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    tasks = of_type(resources, "AWS::ECS::TaskDefinition").values()
    return {container["Name"]: container for task in tasks for container in task["ContainerDefinitions"]}


def cfn_lint(path: Path) -> subprocess.CompletedProcess[str]:
    regions = ["-r", "us-east-1", "ap-northeast-1", "eu-central-1"]
    command = [Path(sys.executable).with_name("cfn-lint"), *regions, "-t", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_cfn_lint_finds_neither_an_error_nor_a_warning() -> None:
    done = cfn_lint(TEMPLATE)
    assert (done.returncode, done.stdout) == (0, "")


def test_cfn_lint_sees_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "template.yaml"
    topic = "{ Type: AWS::SNS::Topic, Properties: { NoSuchProperty: 1 } }"
    wrong.write_text(f'AWSTemplateFormatVersion: "2010-09-09"\nResources:\n  Alarms: {topic}\n')
    assert "NoSuchProperty" in cfn_lint(wrong).stdout


def test_aurora_is_what_the_specification_asks_for(resources: dict[str, Any]) -> None:
    cluster = resources["Cluster"]["Properties"]
    assert cluster["Engine"] == "aurora-postgresql"
    assert int(cluster["EngineVersion"].split(".")[0]) >= 14
    assert cluster["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 2, "MaxCapacity": 16}
    assert cluster["StorageEncrypted"] is cluster["DeletionProtection"] is True
    assert cluster["BackupRetentionPeriod"] == 7
    assert cluster["EnableCloudwatchLogsExports"] == ["postgresql"]
    instances = of_type(resources, "AWS::RDS::DBInstance").values()
    assert [instance["DBInstanceClass"] for instance in instances] == ["db.serverless"] * 2
    proxy = resources["Proxy"]["Properties"]
    assert proxy["RequireTLS"] is True
    assert resources["ProxyTargets"]["Properties"]["TargetGroupName"] == "default"


def test_each_parameter_of_the_specification_is_set_or_named_with_the_reason(resources: dict[str, Any]) -> None:
    given = resources["InstanceParameters"]["Properties"]["Parameters"]
    assert {name: given.get(name) for name in SET_ON_AURORA} == SET_ON_AURORA
    (comment,) = re.findall(r"  # Section 1\.3\.2.*?\n  ClusterParameters:", TEMPLATE.read_text(), re.DOTALL)
    assert {name for name in LEFT_OUT if name in comment} == LEFT_OUT
    assert given.keys().isdisjoint(LEFT_OUT)


def test_redis_never_evicts_and_survives_a_zone(resources: dict[str, Any]) -> None:
    redis = resources["Redis"]["Properties"]
    for name in ("MultiAZEnabled", "AutomaticFailoverEnabled", "TransitEncryptionEnabled", "AtRestEncryptionEnabled"):
        assert redis[name] is True, name
    assert redis["Engine"] == "valkey"
    assert resources["RedisParameters"]["Properties"]["Properties"]["maxmemory-policy"] == "noeviction"


def test_facts_stand_in_the_bucket_and_nobody_else_reaches_them(resources: dict[str, Any]) -> None:
    for name in ("web", "scheduler"):
        given = {variable["Name"]: variable["Value"] for variable in containers(resources)[name]["Environment"]}
        assert given["TRACKER_FACTS_URL"] == {"Fn::Sub": "s3://${Archive}/facts"}
        assert given["TRACKER_FACTS_CACHE"].startswith("/tmp/")
    for task in ("WebTask", "SchedulerTask"):
        assert resources[task]["Properties"]["TaskRoleArn"] == {"Fn::GetAtt": ["FactsRole", "Arn"]}
    (policy,) = resources["FactsRole"]["Properties"]["Policies"]
    to_list, to_change = policy["PolicyDocument"]["Statement"]
    assert to_list["Action"] == "s3:ListBucket"
    assert to_change["Action"] == ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    assert to_change["Resource"] == {"Fn::Sub": "${Archive.Arn}/facts/*"}
    # An erasure's receipt says that nothing is left; a version of before would be.
    assert "VersioningConfiguration" not in resources["Archive"]["Properties"]


def test_no_secret_stands_in_it(resources: dict[str, Any]) -> None:
    for name, secret in of_type(resources, "AWS::SecretsManager::Secret").items():
        text = secret.get("SecretString", {}).get("Fn::Sub", "")
        assert "GenerateSecretString" in secret or "{{resolve:secretsmanager:${" in text, name
    for name, container in containers(resources).items():
        for variable in container.get("Environment", []):
            assert not re.search("PASSWORD|TOKEN|SECRET|_URL|_KEY", variable["Name"].replace("FACTS_URL", "")), name
    for given in (
        resources["Cluster"]["Properties"]["MasterUserPassword"],
        resources["Redis"]["Properties"]["AuthToken"],
    ):
        assert given["Fn::Sub"].startswith("{{resolve:secretsmanager:${")


def test_containers_get_settings_that_there_are_and_only_the_secrets_that_they_need(resources: dict[str, Any]) -> None:
    names = set(re.findall(r'"((?:TRACKER|DATABASE|REDIS)_\w+)"', Path(config.__file__).read_text()))
    secrets = {}
    for name, container in containers(resources).items():
        if name == "roles":
            continue
        secrets[name] = {secret["Name"] for secret in container["Secrets"]}
        assert secrets[name] | {variable["Name"] for variable in container.get("Environment", [])} <= names, name
    assert secrets["worker"] == secrets["backlog"] == {"DATABASE_URL", "REDIS_URL"}
    knowing = {name for name, of_it in secrets.items() if "DATABASE_MAINTENANCE_URL" in of_it}
    assert knowing == {"scheduler", "migrate"}


def test_workers_scale_by_the_age_that_a_container_says(resources: dict[str, Any]) -> None:
    script = containers(resources)["backlog"]["Command"][2]
    ast.parse(script)
    filters = of_type(resources, "AWS::Logs::MetricFilter").values()
    measured = {of["MetricTransformations"][0]["MetricName"]: of["MetricTransformations"][0] for of in filters}
    for transformation in measured.values():
        assert f'"{transformation["MetricValue"].removeprefix("$.")}":' in script
    alarm = resources["HitsWait"]["Properties"]
    assert alarm["MetricName"] in measured
    assert alarm["AlarmActions"] == [{"Ref": "MoreWorkers"}]


def test_alarms_name_entries_of_the_runbook(resources: dict[str, Any]) -> None:
    runbook = (ROOT / "docs/runbook.md").read_text()
    named = re.findall(r"docs/runbook\.md, (\w+)", TEMPLATE.read_text())
    assert named
    assert [name for name in named if name not in runbook] == []
    assert len(of_type(resources, "AWS::CloudWatch::Alarm")) >= 6
