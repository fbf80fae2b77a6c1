"""A handler's ECS task definition, with its roles, its log and its network: what RunTask starts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from infra.bundling import SOURCE
from infra.container import Container
from infra.naming import function_name
from infra.shared_settings import SharedSettings

CONTAINER_NAME = "handler"
DEFAULT_IMAGE = "public.ecr.aws/lambda/python:3.13"
"""AWS's image of the runtime that the functions have, from Amazon ECR Public."""

_BOOTSTRAP = SOURCE / "container" / "bootstrap.py"
_CLUSTER = "Cluster"
_CODE = "ContainerCode"
_STOP_SECONDS = 120
"""Between SIGTERM and SIGKILL; the most (API Reference, ContainerDefinition, stopTimeout)."""


@dataclass(frozen=True)
class Network:
    """Where containers run."""

    subnets: list[str]
    security_groups: list[str]
    assign_public_ip: bool


class ContainerTask(Construct):
    """The task definition of one route, in the stack's cluster. Its members are named as a function's."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        route: str,
        handler: str,
        code: Path,
        container: Container,
        environment: Mapping[str, str],
        shared: SharedSettings,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        container.check(route)
        self.family = function_name(stack.stack_name, route)
        self.spot = container.spot
        self.cluster = _cluster(self)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/ecs/{self.family}",
            retention=shared.log_retention,
            encryption_key=shared.encryption_key,
            removal_policy=RemovalPolicy.DESTROY,
        )
        ecs_tasks = iam.ServicePrincipal("ecs-tasks.amazonaws.com")
        self.role = iam.Role(self, "TaskRole", assumed_by=ecs_tasks)
        self.execution_role = iam.Role(self, "ExecutionRole", assumed_by=ecs_tasks)
        self.task_definition = ecs.FargateTaskDefinition(
            self,
            "TaskDefinition",
            family=self.family,
            cpu=container.cpu,
            memory_limit_mib=container.memory_mb,
            ephemeral_storage_gib=container.ephemeral_gb if container.ephemeral_gb > 20 else None,
            task_role=self.role,
            execution_role=self.execution_role,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=container.cpu_architecture or ecs.CpuArchitecture.ARM64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
        )
        asset = _code(self, code)
        linux = ecs.LinuxParameters(self, "Linux")
        # Else root could read the runner's requests for its credentials off the network.
        linux.drop_capabilities(ecs.Capability.NET_RAW)
        self._container = self.task_definition.add_container(
            CONTAINER_NAME,
            container_name=CONTAINER_NAME,
            image=container.image or ecs.ContainerImage.from_registry(DEFAULT_IMAGE),
            entry_point=["python3", "-c", _BOOTSTRAP.read_text(encoding="utf-8")],
            environment={
                **environment,
                "TASK_FAMILY": self.family,
                "TASK_MEMORY_MB": str(container.memory_mb),
                "TASK_HANDLER": handler,
                "TASK_PACKAGES": json.dumps(list(container.packages)),
            },
            logging=ecs.LogDrivers.aws_logs(stream_prefix="task", log_group=self.log_group),
            stop_timeout=Duration.seconds(_STOP_SECONDS),
            linux_parameters=linux,
        )
        self.fetch("TASK_CODE", asset.s3_bucket_name, asset.s3_object_key)
        self.network = self._network(container)
        self._claims = shared.claims
        self._let_tell(shared)

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The role of the runner in the container."""
        return self.role.grant_principal

    def add_to_role_policy(self, statement: iam.PolicyStatement) -> None:
        """Let the runner in the container do something."""
        self.role.add_to_policy(statement)

    def add_environment(self, name: str, value: str) -> None:
        """Give the container a variable."""
        self._container.add_environment(name, value)

    def fetch(self, variable: str, bucket: str, key: str) -> None:
        """Let the container fetch an asset, whose place ``variable`` says.

        CDK's own grant lets a role read every asset of the account.
        """
        self.add_environment(variable, f"s3://{bucket}/{key}")
        arn = Stack.of(self).format_arn(
            service="s3",
            region="",
            account="",
            resource=bucket,
            resource_name=key,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        self.add_to_role_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=[arn]))

    @property
    def definition_arns(self) -> str:
        """All revisions of the task definition, of which Amazon ECS takes the latest."""
        return self._arn("task-definition", f"{self.family}:*")

    @property
    def task_arns(self) -> str:
        """All tasks of the cluster."""
        return self._arn("task", f"{self.cluster.ref}/*")

    def objects_uri(self, execution: str) -> str:
        """JSONata for the place of a task's objects; ``execution`` is JSONata for the execution's name."""
        return f"{{% 's3://{self._claims.bucket_name}/containers/' & {execution} & '/' %}}"

    def _arn(self, resource: str, name: str) -> str:
        return Stack.of(self).format_arn(
            service="ecs", resource=resource, resource_name=name, arn_format=ArnFormat.SLASH_RESOURCE_NAME
        )

    def _let_tell(self, shared: SharedSettings) -> None:
        """Let the container read its event, take the task, and tell how it ended."""
        objects = shared.claims
        self.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"],
                resources=[
                    objects.arn_for_objects("containers/*/event.json"),
                    objects.arn_for_objects("containers/*/started"),
                ],
            )
        )
        self.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:PutObject"],
                resources=[
                    objects.arn_for_objects("containers/*/started"),
                    objects.arn_for_objects("containers/*/outcome.json"),
                ],
            )
        )
        if shared.encryption_key is not None:
            shared.encryption_key.grant(self.role, "kms:GenerateDataKey")

    def _network(self, container: Container) -> Network:
        groups = container.security_groups
        if groups is None:
            groups = [
                ec2.SecurityGroup(
                    self,
                    "SecurityGroup",
                    vpc=container.vpc,
                    description=f"Containers of {self.family}: everything out, nothing in",
                    allow_all_outbound=True,
                )
            ]
        return Network(
            subnets=container.selected_subnets().subnet_ids,
            security_groups=[group.security_group_id for group in groups],
            assign_public_ip=container.assign_public_ip,
        )


def _cluster(scope: Construct) -> ecs.CfnCluster:
    """The stack's only cluster, which costs nothing; the first handler in a container creates it."""
    stack = Stack.of(scope)
    there = stack.node.try_find_child(_CLUSTER)
    if isinstance(there, ecs.CfnCluster):
        return there
    return ecs.CfnCluster(
        stack, _CLUSTER, cluster_name=stack.stack_name, capacity_providers=["FARGATE", "FARGATE_SPOT"]
    )


def _code(scope: Construct, directory: Path) -> s3_assets.Asset:
    """A functions' asset, as an object that containers fetch; the first of its handlers creates it."""
    stack = Stack.of(scope)
    name = f"{_CODE}-{directory.name}"
    there = stack.node.try_find_child(name)
    return there if isinstance(there, s3_assets.Asset) else s3_assets.Asset(stack, name, path=str(directory))
