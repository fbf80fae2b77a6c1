"""Writes the app.py that would run what was checked. It synthesizes as it is written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipelines.checking.types import TYPES
from pipelines.checking.verdict import Login, Needs
from pipelines.commands.credentials import SECRET_NAME, without_credentials
from pipelines.commands.packages import packages_of
from pipelines.reading.source import UNKNOWN
from pipelines.summary import Summary

_INFRA = f"{__name__.removesuffix('pipelines.app_file')}infra"
"""The package with the stack, which an installed wheel has within its own."""
DEFAULT_GROUP = "etl"
_SHELLS = {"shell_command", "shell_command_precondition"}
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?", re.DOTALL)
_NOT_IN_A_PREFIX = re.compile(r"[*?${}\[].*", re.DOTALL)
_RDS_OR_CLUSTER = re.compile(r"[a-z][a-z0-9-]{0,62}(/[a-z_][a-z0-9_+.@-]{0,127})?", re.IGNORECASE)
_MASK = "value-of-secret"
_FULL_CPU_MB = 1769
"""With so much memory, Lambda gives a whole vCPU (Lambda developer guide, Configure memory)."""
_MINUTES_FOR_MORE_CPU = 5.0
_ACCOUNT = "111122223333"
_PLACEHOLDERS = {kind: f"{kind}-00000000000000000" for kind in ("vpc", "subnet", "sg")}


@dataclass
class _App:
    """The pieces of the file."""

    imports: set[str] = field(default_factory=set)
    handlers: set[str] = field(default_factory=set)
    """Functions of infra.handlers."""
    clusters: dict[str, list[str]] = field(default_factory=dict)
    """By variable: the arguments of its EmrClusterSettings."""
    shared: set[str] = field(default_factory=set)
    """Ids of the EmrClusters on which several activities run."""
    constructs: dict[str, list[str]] = field(default_factory=dict)
    """By attribute: the lines that make it."""
    notes: list[str] = field(default_factory=list)


def app_file(summary: Summary, worker_group: str | None = None) -> str:
    """The text of app.py for all handlers, worker groups, access and network that the pipelines need."""
    groups = [worker_group] if worker_group else _groups(summary)
    app = _App()
    uses: Counter[str] = Counter()
    for needs in summary.routes.values():
        uses.update({cluster: needed.uses for cluster, needed in needs.clusters.items()})
    app.shared = {cluster for cluster, count in uses.items() if count > 1}
    built_in: list[str] = []
    for route, needs in summary.routes.items():
        if route in TYPES and TYPES[route].handler:
            built_in += _handler(app, route, needs)
        else:
            app.notes.append(f"'{route}' needs a handler of yours: docs/writing-handlers.md.")
    if not built_in:
        app.handlers.add("shell_command")
        built_in = ['("ShellCommandActivity", shell_command()),']
    return _text(app, built_in, groups, continuous=summary.continuous)


def _groups(summary: Summary) -> list[str]:
    named = (name for name in summary.worker_groups if name.strip() and len(name) <= 1024)
    return sorted(named) or [DEFAULT_GROUP]


def _handler(app: _App, route: str, needs: Needs) -> list[str]:
    """The lines of one pair of ``handlers``."""
    name = TYPES[route].handler
    app.handlers.add(name)
    place = _container(app, needs) if needs.in_container else [*_network(app, needs), *_size(name, needs)]
    arguments = [*_resources(app, name, needs), *place, *_statements(app, needs)]
    if name in _SHELLS and needs.layers and not needs.in_container:
        layer = _construct(
            app,
            "tools",
            [
                f"# A layer for arm64 with {_plain(', '.join(sorted(needs.layers)))}.",
                "self.tools = lambda_.LayerVersion.from_layer_version_arn(",
                f'    self, "Tools", "arn:aws:lambda:us-east-1:{_ACCOUNT}:layer:tools:1"',
                ")",
            ],
            "from aws_cdk import aws_lambda as lambda_",
        )
        arguments.append(f"layers=[{layer}],")
    if not arguments:
        return [f'("{route}", {name}()),']
    return [
        "(",
        f'    "{route}",',
        f"    {name}(",
        *(f"        {line}" for line in arguments),
        "    ),",
        "),",
    ]


def _resources(app: _App, name: str, needs: Needs) -> Iterator[str]:
    """Databases, and clusters: secrets, instances, and the role of Amazon Redshift."""
    if name == "emr":
        yield from _emr_cluster(app, needs)
    if name == "redshift_copy":
        used = ", ".join(sorted(needs.copy_role))
        yield f"# The role with which Amazon Redshift itself uses {_plain(used) or 'the data'}."
        yield f'copy_role_arn="arn:aws:iam::{_ACCOUNT}:role/value-of-copy-role",'
    if name in {"sql", "redshift_copy"} and (needs.redshift or name == "redshift_copy"):
        yield f"redshift={_listed(_clusters(app, needs))},"
    if needs.rds_instances and name in {"sql", "copy", "exists"}:
        yield f"rds_instances={_listed(sorted(filter(_RDS_OR_CLUSTER.fullmatch, needs.rds_instances)))},"
    secrets = [_quoted(arn) for arn in sorted(needs.secrets)]
    secrets += [_secret(app, login) for login in sorted(needs.passwords)]
    if secrets:
        yield f"secrets=[{', '.join(secrets)}],"


def _emr_cluster(app: _App, needs: Needs) -> Iterator[str]:
    """Where the steps of a route run: a handler has one place."""
    if not needs.clusters:
        app.notes.append("Name your cluster in cluster_name, and its log URI in log_uri: docs/emr.md.")
        yield 'cluster_name="value-of-cluster-name",'
        return
    cluster, needed = next(iter(sorted(needs.clusters.items())))
    others = [name for name, each in needs.clusters.items() if each.settings != needed.settings]
    if others:
        app.notes.append(
            f"'{needs.route}' ran on several clusters; {', '.join(sorted(others))} differ from {cluster}. "
            "Register emr(...) once more for them, under a route of its own, and name it in myHandler."
        )
    settings = [f"{name}={without_credentials(_literal(value))}," for name, value in needed.settings.items()]
    if any("****" in setting or _MASK in setting for setting in settings):
        app.notes.append(f"{cluster} has credentials, which are masked here. EMR shows them to whoever may.")
    variable = name = f"{_identifier(cluster).removesuffix('_cluster')}_cluster"
    number = 1
    while app.clusters.get(variable, settings) != settings:  # One of the same id, in another pipeline.
        number += 1
        variable = f"{name}_{number}"
    app.handlers.add("EmrClusterSettings")
    app.clusters[variable] = settings
    yield f"transient={variable},"
    if cluster in app.shared:
        yield "idle_minutes=10,  # several activities run on it, one after the other"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)}: {_property(key, each)}" for key, each in value.items()) + "}"
    return f"[{', '.join(map(_literal, value))}]" if isinstance(value, list) else repr(value)


def _property(key: str, value: Any) -> str:
    is_secret = isinstance(value, str) and SECRET_NAME.search(key)
    return _quoted(_MASK) if is_secret else _literal(value)


def _clusters(app: _App, needs: Needs) -> list[str]:
    found = []
    for place in sorted(needs.redshift):
        kind, _, workgroup = place.partition(":")
        if kind == "workgroup":
            app.notes.append(f"Give the ARN of the serverless workgroup '{workgroup}' in `redshift`.")
            name = re.sub(r"[^a-z0-9-]", "-", workgroup.lower())
            found.append(f"arn:aws:redshift-serverless:us-east-1:{_ACCOUNT}:workgroup/{name}")
        elif _RDS_OR_CLUSTER.fullmatch(place):
            found.append(place)
    return found or ["value-of-cluster"]


def _secret(app: _App, login: Login) -> str:
    """A secret for the password that the definition holds."""
    place = without_credentials(f"{login.user} at {login.place}" if login.place else login.user)
    return _construct(
        app,
        _identifier(f"{login.database}_login"),
        [
            f"# For the user name and the password of the database object {_plain(login.database)}",
            f"# ({_plain(place)}), as JSON:",
            '# {"username": "…", "password": "…"}. Put them in.',
            'self.{name} = secretsmanager.Secret(self, "{id}")',
        ],
        "from aws_cdk import aws_secretsmanager as secretsmanager",
    )


def _container(app: _App, needs: Needs) -> list[str]:
    """What needs more than a function has, and whatever else has its route, runs in a container."""
    app.handlers.add("Container")
    network = [line for line in _network(app, replace(needs, reaches_database=False)) if line]
    if not network:
        network = list(
            _network(app, replace(needs, reaches_database=False, subnets={_PLACEHOLDERS["subnet"]}))
        )
    packages, unknown = packages_of(needs.programs)
    unknown += sorted(needs.layers)
    notes = [f"# An image, or packages, with {_plain(', '.join(unknown))} too: docs/containers.md, Images."]
    return [
        "# For all of its tasks. To send only some there: docs/containers.md, and myHandler.",
        *(notes if unknown else []),
        "compute=Container(",
        *(f"    {line}" for line in network),
        *([f"    packages={_listed(packages)},"] if packages else []),
        "),",
    ]


_MOST_SECURITY_GROUPS = 5
"""Of a function or a task of ECS (Lambda API Reference, VpcConfig; ECS, AwsVpcConfiguration)."""


def _network(app: _App, needs: Needs) -> Iterator[str]:
    if not needs.subnets and not needs.security_groups:
        if needs.reaches_database:
            yield "# vpc=…, if the database is in one: docs/sql-activity.md"
        return
    known = sorted({_network_id(app, "subnet", one) for one in needs.subnets}) or [_PLACEHOLDERS["subnet"]]
    vpc = _construct(
        app,
        _identifier("vpc_" + "_".join(known)) if len(known) < 3 else "vpc",
        [
            "self.{name} = ec2.Vpc.from_vpc_attributes(",
            "    self,",
            '    "{id}",',
            f'    vpc_id="{_PLACEHOLDERS["vpc"]}",  # replace it',
            '    availability_zones=["us-east-1a"],',
            f"    private_subnet_ids={_listed(known)},",
            ")",
        ],
        "from aws_cdk import aws_ec2 as ec2",
    )
    yield f"vpc={vpc},"
    groups = []
    named = sorted({_network_id(app, "sg", one) for one in needs.security_groups})
    if len(named) > _MOST_SECURITY_GROUPS:
        app.notes.append(
            f"'{needs.route}' has {_MOST_SECURITY_GROUPS} of the {len(named)} security groups that the "
            "definitions name: register its handler again, under a route of its own, for each network, and "
            f"name it in myHandler. Left out: {', '.join(named[_MOST_SECURITY_GROUPS:])}."
        )
    for group in named[:_MOST_SECURITY_GROUPS]:
        groups.append(
            _construct(
                app,
                _identifier(group),
                [
                    "self.{name} = ec2.SecurityGroup.from_security_group_id(",
                    f'    self, "{{id}}", {_quoted(group)}',
                    ")",
                ],
                "from aws_cdk import aws_ec2 as ec2",
            )
        )
    if groups:
        yield f"security_groups=[{', '.join(groups)}],"


def _network_id(app: _App, kind: str, given: str) -> str:
    """The id, or what synth takes for one: it checks the form of ids."""
    if re.fullmatch(rf"{kind}-([0-9a-f]{{8}}|[0-9a-f]{{17}})", given):
        return given
    app.notes.append(f"Replace {_PLACEHOLDERS[kind]} by what the definition has as '{given}'.")
    return _PLACEHOLDERS[kind]


def _size(name: str, needs: Needs) -> Iterator[str]:
    if needs.minutes is None:
        return
    if needs.minutes > _MINUTES_FOR_MORE_CPU and name in {*_SHELLS, "sql", "copy"}:
        yield f"memory_mb={_FULL_CPU_MB},  # its longest run took {needs.minutes:.1f} minutes: a whole vCPU"
    if name == "shell_command_precondition" and needs.minutes > _MINUTES_FOR_MORE_CPU * 0.8:
        yield "timeout_minutes=15,"


def _statements(app: _App, needs: Needs) -> Iterator[str]:
    read, write = _prefixes(app, needs.read), _prefixes(app, needs.write)
    if not (read or write or needs.actions):
        return
    yield "statements=["
    if read or write:
        app.handlers.add("s3_access")
        parts = [f"{kind}={_listed(places)}" for kind, places in (("read", read), ("write", write)) if places]
        yield f"    *s3_access({', '.join(parts)}),"
    for resource, actions in sorted(needs.actions.items()):
        app.imports.add("from aws_cdk import aws_iam as iam")
        if resource == "*":
            yield "    # Narrow the resources down."
        yield f"    iam.PolicyStatement(actions={_listed(sorted(actions))}, resources=[{_quoted(resource)}]),"
    yield "],"


def _prefixes(app: _App, places: Iterable[str]) -> list[str]:
    """The places as ``s3_access`` takes them, without those that others cover."""
    found: list[str] = []
    for place in sorted(_NOT_IN_A_PREFIX.sub("", re.sub(r"^s3[an]://", "s3://", place)) for place in places):
        if not _BUCKET.fullmatch(place):
            app.notes.append(f"Grant access to {_plain(place)} yourself: s3_access does not take this name.")
        elif not any(_covers(one, place) for one in found):
            found.append(place)
    return found


def _covers(prefix: str, place: str) -> bool:
    # s3://bucket alone means the whole bucket, and not others whose names begin with its own.
    whole = prefix.rstrip("/").count("/") == 2
    return place.startswith(f"{prefix.rstrip('/')}/" if whole else prefix) or place == prefix


def _construct(app: _App, name: str, lines: Sequence[str], imported: str) -> str:
    """Make a construct, and return how the handlers name it."""
    app.imports.add(imported)
    first, number = name, 1
    while True:
        made = [line.replace("{name}", name).replace("{id}", _logical(name)) for line in lines]
        taken = {_logical(other) for other in app.constructs}
        if app.constructs.get(name, made) == made and (name in app.constructs or _logical(name) not in taken):
            app.constructs[name] = made
            return f"beside.{name}"
        number += 1
        name = f"{first}_{number}"


def _text(app: _App, built_in: Sequence[str], groups: Sequence[str], *, continuous: bool) -> str:
    polling = (
        ['schedule="rate(1 minute)",', "poll_timeout=95,"]
        if continuous
        else [
            'schedule=context.text("schedule") or "rate(5 minutes)",',
            'poll_timeout=context.whole("pollTimeout", 10),',
        ]
    )
    lines = [
        "#!/usr/bin/env python3",
        '"""The CDK app for the pipelines that `python -m pipelines check` looked at.',
        "",
        f"Replace what begins with {UNKNOWN}, ids of zeros, and the account {_ACCOUNT}.",
        '"""',
        "",
        "import sys",
        "",
        "import aws_cdk as cdk",
        *sorted(app.imports),
        "",
        f"from {_INFRA}.configuration_error import ConfigurationError",
        f"from {_INFRA}.context import Context",
        f"from {_INFRA}.handlers import {', '.join(sorted(app.handlers))}",
        f"from {_INFRA}.stack import TaskRunnerStack",
        f"from {_INFRA}.worker_group import WorkerGroup",
        "",
        "",
    ]
    if app.constructs:
        lines += [
            "class Beside(cdk.Stack):",
            '    """What the handlers use and the task runner does not make."""',
            "",
            "    def __init__(self, app: cdk.App) -> None:",
            '        super().__init__(app, "TaskRunnerBeside")',
            *(f"        {line}" for made in app.constructs.values() for line in made),
            "",
            "",
        ]
    lines += [
        "app = cdk.App()",
        "context = Context(app.node.get_all_context())",
        *(["beside = Beside(app)"] if app.constructs else []),
        *(
            line
            for variable, settings in app.clusters.items()
            for line in (f"{variable} = EmrClusterSettings(", *(f"    {each}" for each in settings), ")")
        ),
        "try:",
        *(f"    # {_plain(note)}" for note in dict.fromkeys(app.notes)),
        "    TaskRunnerStack(",
        "        app,",
        '        context.text("stackName") or "TaskRunner",',
        "        worker_groups=[",
    ]
    for group in groups:
        lines += [
            "            WorkerGroup(",
            f"                {_quoted(group)},",
            *(f"                {line}" for line in polling),
            '                idle_alarm_hours=context.whole("idleAlarmHours"),',
            "            ),",
        ]
    lines += [
        "        ],",
        "        handlers=[",
        *(f"            {line}" for line in built_in),
        "        ],",
        "        # Deploy with -c alarmEmail=you@example.com to get the alarms.",
        '        alarm_email=context.text("alarmEmail") or None,',
        '        failed_tasks_alarm=context.whole("failedTasksAlarm", 1),',
        '        time_scale=context.number("timeScale", 1),',
        "    )",
        "    context.refuse_misspelt()",
        "except ConfigurationError as error:",
        '    sys.exit(f"app.py: {error}")',
        "app.synth()",
        "",
    ]
    return "\n".join(lines)


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _quoted(text: str) -> str:
    """A literal of Python, in double quotes."""
    escaped = repr(text)[1:-1] if '"' not in text and "'" not in text else None
    return f'"{escaped}"' if escaped is not None else repr(text)


def _plain(text: str) -> str:
    """The text for a comment: in one line."""
    return re.sub(r"[^\x20-\x7e…]+", " ", text)


def _identifier(text: str) -> str:
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    name = re.sub(r"\W+", "_", words, flags=re.ASCII).strip("_").lower()
    return name if name.isidentifier() else f"of_{name}"


def _logical(text: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", text)) or "Unnamed"
