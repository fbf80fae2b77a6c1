"""``Container``: the setting with which a handler runs in a container on AWS Fargate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

from infra.configuration_error import ConfigurationError

# Amazon ECS developer guide, task definition parameters for Fargate, task size: CPU units, and MiB.
_GIB = 1024
_MEMORY = {
    256: (512, *range(1 * _GIB, 2 * _GIB + 1, _GIB)),
    512: tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}
"""The memory that Fargate offers with each CPU."""
_LEAST_STORAGE, _MOST_STORAGE = 20, 200
"""GiB. 20 is what every task has (developer guide, Fargate task ephemeral storage)."""
_MOST_SUBNETS = 16
"""API Reference, AwsVpcConfiguration."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """A handler's container, which starts for each task and ends with it."""

    vpc: ec2.IVpc
    cpu: int = 1024
    """CPU units: 1,024 are a processor."""
    memory_mb: int = 2048
    ephemeral_gb: int = 20
    """Disk space for the image, staged files and everything else: 20 to 200."""
    image: ecs.ContainerImage | None = None
    """An image with Python 3.11 or newer and boto3; None: AWS's image of Lambda's Python runtime."""
    packages: Sequence[str] = ()
    """Amazon Linux packages that are installed each time before the work begins."""
    cpu_architecture: ecs.CpuArchitecture | None = None
    """None: ARM64. A given image has to be made for it."""
    spot: bool = False
    """Fargate Spot, at a lower price: AWS may end the work after two minutes' notice."""
    assign_public_ip: bool = False
    """For public subnets, from which nothing is reached without a public address."""
    subnets: ec2.SubnetSelection | None = None
    """None: the public subnets with ``assign_public_ip``, else the private ones."""
    security_groups: Sequence[ec2.ISecurityGroup] | None = None
    """None: a group of its own, which lets everything out and nothing in."""

    def check(self, route: str) -> None:
        """Raise ConfigurationError for a setting that CDK or Amazon ECS would refuse."""
        if isinstance(self.vpc, str) or self.vpc is None:
            raise self._refused(route, "vpc", "a construct is needed, such as ec2.Vpc.from_lookup(…)")
        for name in ("cpu", "memory_mb", "ephemeral_gb"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise self._refused(route, name, "a whole number is needed")
        if self.cpu not in _MEMORY:
            raise self._refused(route, "cpu", f"Fargate has {', '.join(map(str, _MEMORY))}")
        memory = _MEMORY[self.cpu]
        if self.memory_mb not in memory:
            step = memory[-1] - memory[-2]
            raise self._refused(
                route,
                "memory_mb",
                f"with cpu={self.cpu}, Fargate has {memory[0]:,} to {memory[-1]:,} MiB in steps of {step:,}",
            )
        if not _LEAST_STORAGE <= self.ephemeral_gb <= _MOST_STORAGE:
            raise self._refused(
                route, "ephemeral_gb", f"{_LEAST_STORAGE} to {_MOST_STORAGE} GiB are possible"
            )
        if isinstance(self.image, str):
            raise self._refused(
                route, "image", "a construct is needed, such as ecs.ContainerImage.from_registry(…)"
            )
        if isinstance(self.packages, str) or not all(isinstance(name, str) for name in self.packages):
            raise self._refused(route, "packages", "a list of names is needed, such as ['postgresql15']")
        for name in ("spot", "assign_public_ip"):
            if not isinstance(getattr(self, name), bool):
                raise self._refused(route, name, "True or False is needed")
        self._check_subnets(route)

    def selected_subnets(self) -> ec2.SelectedSubnets:
        """The subnets of the container."""
        if self.subnets is not None:
            return self.vpc.select_subnets(
                availability_zones=self.subnets.availability_zones,
                one_per_az=self.subnets.one_per_az,
                subnet_filters=self.subnets.subnet_filters,
                subnet_group_name=self.subnets.subnet_group_name,
                subnets=self.subnets.subnets,
                subnet_type=self.subnets.subnet_type,
            )
        if self.assign_public_ip:
            return self.vpc.select_subnets(subnet_type=ec2.SubnetType.PUBLIC)
        return self.vpc.select_subnets()

    def _check_subnets(self, route: str) -> None:
        try:
            selected = self.selected_subnets()
        except RuntimeError as error:
            raise self._refused(
                route, "subnets", f"the VPC has none of that kind ({_first_line(error)})"
            ) from None
        if not selected.subnet_ids:
            raise self._refused(route, "subnets", "the VPC has none of that kind")
        if not Token.is_unresolved(selected.subnet_ids) and len(selected.subnet_ids) > _MOST_SUBNETS:
            raise self._refused(route, "subnets", f"{_MOST_SUBNETS} are the most")
        if selected.is_pending_lookup:
            return
        if selected.has_public and not self.assign_public_ip:
            raise ConfigurationError(
                f"The container of the handler for '{route}' is in public subnets without a public address, "
                "and so reaches nothing, not even its image: give Container assign_public_ip=True, or "
                "private subnets with a NAT gateway or VPC endpoints."
            )
        if self.assign_public_ip and not selected.has_public and self.vpc.public_subnets:
            raise ConfigurationError(
                f"The container of the handler for '{route}' has assign_public_ip=True in private subnets, "
                "where a public address reaches nothing: leave it out, or select public subnets."
            )

    def _refused(self, route: str, name: str, needed: str) -> ConfigurationError:
        value = str(getattr(self, name))[:100]
        return ConfigurationError(
            f"{name} of the container of the handler for '{route}' is {value!r}: {needed}."
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200]
