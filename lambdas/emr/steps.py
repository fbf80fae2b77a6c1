"""Steps of an EMR cluster as plain data, and the requests that they become.

Amazon EMR API reference, HadoopJarStepConfig; Amazon EMR release guide, "Commands and scripts in steps".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from emr import streaming
from runner.outcome import TaskFailed
from runner.redaction import Redaction
from runner.task import Task

MAX_TEXT = 10_240
"""The most characters of a step's JAR, class and arguments together (API reference, AddJobFlowSteps)."""
_GIVEN = (
    *("step", "preStepCommand", "postStepCommand", "argument", "scriptVariable", "hiveScript", "script"),
    *("filterSql", "scriptArgument", "scriptUri", "jarUri", "mainClass", "column"),
)
"""The fields of which steps are made, of activities, their configurations, nodes and formats."""
COMMAND_RUNNER = "command-runner.jar"


@dataclass(frozen=True)
class Step:
    """A JAR with its arguments. ``what`` names it for people.

    ``encoded``: texts that are in the arguments, but not as they are.
    """

    jar: str
    arguments: tuple[str, ...] = ()
    main_class: str = ""
    what: str = ""
    encoded: tuple[str, ...] = ()

    @property
    def request(self) -> Any:
        """The member HadoopJarStep of a request."""
        return {
            "Jar": self.jar,
            "Args": list(self.arguments),
            **({"MainClass": self.main_class} if self.main_class else {}),
        }

    @property
    def texts(self) -> tuple[str, ...]:
        """All texts that EMR stores, and shows to whoever may list steps."""
        return (self.jar, self.main_class, *self.arguments)


def program(jar: str, arguments: Sequence[str], main_class: str = "") -> Step:
    """A JAR in S3 or on the cluster, with its arguments."""
    what = jar.rpartition("/")[2]
    if jar == streaming.JAR:
        return Step(COMMAND_RUNNER, (streaming.PROGRAM, *streaming.arguments_of(arguments)), what=what)
    return Step(jar, tuple(arguments), main_class, what)


def checked(task: Task, steps: Sequence[Step]) -> Sequence[Step]:
    """The steps, if EMR takes their texts. Raises TaskFailed for a secret in them: EMR shows its steps."""
    for step in steps:
        if holds_secret(task, (*step.texts, *step.encoded)):
            raise TaskFailed(
                f"The step '{step.what}' contains the value of a secret (*) field. EMR shows the "
                "arguments of its steps to whoever may list them: let the step read the secret "
                "from AWS Secrets Manager.",
                error_id="SecretInStep",
            )
    refuse_long_texts(steps)
    return steps


def holds_secret(task: Task, texts: Iterable[str]) -> bool:
    """Whether one of the texts has the value of a secret field of this task, in any form.

    The fields that they are made of are looked at too: a separator, a backslash or a quotation mark of a
    secret may not be in the texts any more.
    """
    secrets = Redaction(task.secrets)
    given = (text for found in task.objects.values() for name in _GIVEN for text in found.strings(name))
    return any(secrets.spans(text.encode("utf-8", "surrogatepass")) for text in itertools.chain(texts, given))


def refuse_long_texts(steps: Sequence[Step]) -> None:
    """Raise TaskFailed for a step that EMR would refuse for its length."""
    for step in steps:
        size = sum(map(len, step.texts))
        if size > MAX_TEXT:
            raise TaskFailed(
                f"The arguments of the step '{step.what}' have {size:,} characters, and EMR takes "
                f"{MAX_TEXT:,} in all. Put a long script into S3, and name it in scriptUri.",
                error_id="StepTooLong",
            )
