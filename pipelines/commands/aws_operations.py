"""Which commands the AWS CLI knows: botocore's services and operations, and those that the CLI adds.

AWS CLI reference, version 1. What botocore calls otherwise than the CLI, or lacks, is in the tables below.
"""

from __future__ import annotations

from functools import cache

_S3 = frozenset({"cp", "ls", "mb", "mv", "presign", "rb", "rm", "sync", "website"})
_NAMES = {"configservice": "config", "deploy": "codedeploy", "s3api": "s3"}
"""The CLI's names of services, with botocore's."""
_OF_THE_CLI = frozenset({"configure", "help", "history", "s3"})
_ADDED_NAMES = """
    add-steps add-instance-groups create-cluster create-default-roles create-hbase-backup
    disable-hbase-backups install-applications list-clusters modify-cluster-attributes
    restore-from-hbase-backup schedule-hbase-backup terminate-clusters get socks ssh put build-image
    execute-command login get-login get-login-password package deploy validate-template
    generate-db-auth-token sign update-kubeconfig get-token start-session tail push register
    deregister install uninstall deregister-on-premises-instance list-runs get-pipeline-definition
    put-pipeline-definition activate-pipeline create-subscription update-subscription validate-logs
    upload-build get-game-session-log docker-login credential-helper generate-auth-token enable-rule
    get-status subscribe rename-group generate-product upload-archive mount help wait describe-cluster
"""
_ADDED = frozenset(_ADDED_NAMES.split())
"""Operations that the CLI adds to services, or names otherwise than botocore."""


def problem_of(service: str, operation: str) -> str:
    """What the CLI would refuse in a call; empty if nothing, or if that is not known."""
    if not service or not service.replace("-", "").isalnum() or service in _OF_THE_CLI - {"s3"}:
        return ""
    if service == "s3":
        return f"'aws s3 {operation}'" if operation and operation not in _S3 | {"help"} else ""
    known = _services()
    if _NAMES.get(service, service) not in known:
        return f"'aws {service}'"
    if not operation or not operation.replace("-", "").isalnum() or operation in _ADDED:
        return ""
    return "" if operation in _operations(_NAMES.get(service, service)) else f"'aws {service} {operation}'"


@cache
def _services() -> frozenset[str]:
    from botocore.session import Session  # Only commands that call the CLI need it.

    return frozenset(Session().get_available_services())


@cache
def _operations(service: str) -> frozenset[str]:
    from botocore import xform_name
    from botocore.session import Session

    names = Session().get_service_model(service).operation_names
    # The CLI cuts the version that some names end with (awscli, clidriver).
    return frozenset(xform_name(name, "-") for name in names)
