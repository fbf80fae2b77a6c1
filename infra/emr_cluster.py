"""The clusters that EMR handlers start for tasks: settings with the names of EMR's API, checked at synth."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import Aws, Token

from infra.configuration_error import ConfigurationError

TAG = "data-pipeline-task-runner"
"""The tag of clusters that the stack starts, with the stack's name as its value."""

_RELEASE = re.compile(r"emr-(\d)\.(\d{1,2})\.\d{1,2}")
_GROUPS = (
    ("emr_managed_master_security_group", "EmrManagedMasterSecurityGroup"),
    ("emr_managed_slave_security_group", "EmrManagedSlaveSecurityGroup"),
    ("service_access_security_group", "ServiceAccessSecurityGroup"),
    ("additional_master_security_groups", "AdditionalMasterSecurityGroups"),
    ("additional_slave_security_groups", "AdditionalSlaveSecurityGroups"),
)
_INSTANCE_TYPE = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")
_IDLE_MINUTES_OF_ONE_TASK = 30
"""A cluster for one task is idle for seconds at most. This ends one whose launcher was ended."""


@dataclass(frozen=True, kw_only=True)
class EmrClusterSettings:
    """A cluster that is started for a task, and terminated with it.

    ``release_label``: such as ``emr-7.5.0``. EMR's automatic termination needs 5.30 or later, 6.1 or later.
    ``market`` of core and task instances: ``ON_DEMAND`` or ``SPOT``. The primary instance is on demand.
    ``bootstrap_actions``: each a script in S3, and its arguments: ``("s3://bucket/install.sh", "arg")``.
    ``service_role``: the role of EMR itself, by its name or ARN. ``job_flow_role``: the instance profile of
    the cluster's instances, by its name or ARN; it contains a role of the same name, without a path, unless
    ``job_flow_role_arn`` names it.
    ``log_uri``: where EMR copies the logs of steps; without it, a failed step's stderr is not known.
    ``configurations``: as the EMR release guide, "Configure applications", has them.
    ``emr_managed_master_security_group`` and so on: ids of security groups; EMR has its own otherwise.
    """

    release_label: str
    service_role: str = "EMR_DefaultRole"
    job_flow_role: str = "EMR_EC2_DefaultRole"
    job_flow_role_arn: str | None = None
    applications: Sequence[str] = ("Hadoop", "Hive")
    master_instance_type: str = "m5.xlarge"
    core_instance_type: str = "m5.xlarge"
    core_instance_count: int = 1
    task_instance_type: str = "m5.xlarge"
    task_instance_count: int = 0
    market: str = "ON_DEMAND"
    bootstrap_actions: Sequence[Sequence[str]] = ()
    configurations: Sequence[Mapping[str, Any]] = ()
    ec2_subnet_id: str | None = None
    ec2_key_name: str | None = None
    emr_managed_master_security_group: str | None = None
    emr_managed_slave_security_group: str | None = None
    service_access_security_group: str | None = None
    additional_master_security_groups: Sequence[str] = ()
    additional_slave_security_groups: Sequence[str] = ()
    log_uri: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def request(self, idle_minutes: int | None) -> dict[str, Any]:
        """The request of RunJobFlow, without the name. Raises ConfigurationError."""
        self._check()
        groups = [self._group("MASTER", self.master_instance_type, 1, "ON_DEMAND")]
        if self.core_instance_count:
            groups.append(self._group("CORE", self.core_instance_type, self.core_instance_count, self.market))
        if self.task_instance_count:
            groups.append(self._group("TASK", self.task_instance_type, self.task_instance_count, self.market))
        instances: dict[str, Any] = {"InstanceGroups": groups, "KeepJobFlowAliveWhenNoSteps": True}
        if self.ec2_subnet_id:
            instances["Ec2SubnetId"] = self.ec2_subnet_id
        if self.ec2_key_name:
            instances["Ec2KeyName"] = self.ec2_key_name
        for name, member in _GROUPS:
            if given := getattr(self, name):
                instances[member] = given if isinstance(given, str) else list(given)
        actions = [_action(*words) for words in self.bootstrap_actions]
        tags = {**self.tags, TAG: Aws.STACK_NAME}
        return {
            "ReleaseLabel": self.release_label,
            "Applications": [{"Name": name} for name in self.applications],
            "Instances": instances,
            "ServiceRole": self.service_role,
            "JobFlowRole": self.job_flow_role,
            "VisibleToAllUsers": True,
            "AutoTerminationPolicy": {"IdleTimeout": 60 * (idle_minutes or _IDLE_MINUTES_OF_ONE_TASK)},
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            **({"LogUri": self.log_uri} if self.log_uri else {}),
            **({"Configurations": list(self.configurations)} if self.configurations else {}),
            **({"BootstrapActions": actions} if actions else {}),
        }

    def passed_roles(self) -> list[tuple[str, str]]:
        """The ARNs of the roles that RunJobFlow passes on, and to whom. Raises ConfigurationError."""
        if not self.job_flow_role_arn and Token.is_unresolved(self.job_flow_role):
            raise ConfigurationError(
                "job_flow_role of EmrClusterSettings is known only at deployment: give the ARN of the role "
                "in this instance profile with job_flow_role_arn, so that the handler may pass it on."
            )
        profile = self.job_flow_role.rpartition("/")[2]
        return [
            (_role_arn(self.service_role), "elasticmapreduce"),
            (self.job_flow_role_arn or _role_arn(profile, like=self.job_flow_role), "ec2"),
        ]

    def _group(self, role: str, instance_type: str, count: int, market: str) -> dict[str, Any]:
        return {
            "Name": role.capitalize(),
            "InstanceRole": role,
            "InstanceType": instance_type,
            "InstanceCount": count,
            "Market": market,
        }

    def _check(self) -> None:
        _match("release_label", self.release_label, _RELEASE, "a release such as emr-7.5.0")
        found = _RELEASE.fullmatch(self.release_label)
        if found is not None and not _ends_by_itself(int(found[1]), int(found[2])):
            raise ConfigurationError(
                f"release_label of EmrClusterSettings is {self.release_label!r}: EMR terminates idle "
                "clusters from 5.30.0 on, and from 6.1.0 on, so one of these is needed."
            )
        for name in ("master_instance_type", "core_instance_type", "task_instance_type"):
            _match(name, getattr(self, name), _INSTANCE_TYPE, "an instance type such as m5.xlarge")
        for name in ("core_instance_count", "task_instance_count"):
            count = getattr(self, name)
            if type(count) is not int or not 0 <= count <= 2000:
                raise ConfigurationError(f"{name} of EmrClusterSettings is {count!r}: 0 to 2,000 is needed.")
        if self.market not in {"ON_DEMAND", "SPOT"}:
            raise ConfigurationError(
                f"market of EmrClusterSettings is {self.market!r}: 'ON_DEMAND' or 'SPOT' is needed."
            )
        if self.log_uri is not None:
            _match("log_uri", self.log_uri, _S3, "a place such as s3://bucket/emr/")
        for name in (
            *("applications", "bootstrap_actions", "configurations"),
            *("additional_master_security_groups", "additional_slave_security_groups"),
        ):
            if isinstance(getattr(self, name), str):
                raise ConfigurationError(
                    f"{name} of EmrClusterSettings is {getattr(self, name)!r}: a list is needed."
                )
        for action in self.bootstrap_actions:
            if isinstance(action, str) or not action or not all(isinstance(word, str) for word in action):
                raise ConfigurationError(
                    f"bootstrap_actions of EmrClusterSettings has {action!r}: a script in S3 and its "
                    "arguments are needed, such as ('s3://bucket/install.sh', 'arg')."
                )


def _ends_by_itself(major: int, minor: int) -> bool:
    """Whether EMR terminates an idle cluster (management guide, "Using an auto-termination policy")."""
    return (major, minor) >= (5, 30) and (major, minor) != (6, 0)


def _action(path: str, *arguments: str) -> dict[str, Any]:
    return {
        "Name": path.rpartition("/")[2][:256] or "bootstrap",
        "ScriptBootstrapAction": {"Path": path, "Args": list(arguments)},
    }


def _role_arn(role: str, *, like: str = "") -> str:
    """The ARN of a role by its name or ARN; in the account of the ARN ``like``, if that is one."""
    if Token.is_unresolved(role) or role.startswith("arn:"):
        return role
    account = like.partition(":instance-profile/")[0] if like.startswith("arn:") else ""
    return f"{account or f'arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}'}:role/{role}"


def _match(name: str, value: object, form: re.Pattern[str], what: str) -> None:
    if Token.is_unresolved(value):
        return
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ConfigurationError(f"{name} of EmrClusterSettings is {value!r}: {what} is needed.")
