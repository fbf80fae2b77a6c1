"""Lambda functions that this stack does not create, as handlers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aws_cdk import Stack, Token
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.configuration_error import ConfigurationError
from infra.shared_settings import SharedSettings

# API Reference, Invoke, FunctionName.
_ARN = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z]{2}(-[a-z]+)+-\d):\d{12}"
    r":function:[a-zA-Z0-9_-]{1,64}(:(\$LATEST|[a-zA-Z0-9_-]+))?"
)


@dataclass(frozen=True)
class ExistingFunction:
    """An existing Lambda function, in any language, that keeps the handler contract."""

    known_as: lambda_.IFunction | str
    """The construct, or the ARN."""

    def target(
        self,
        scope: Construct,
        route: str,
        shared: SharedSettings,  # noqa: ARG002 - its owner manages its role and logs
    ) -> lambda_.IFunction:
        """The function, unchanged. RunTask's role may invoke it; nothing else is granted.

        Raises ConfigurationError for an ARN of another region: Step Functions invokes only within its own.
        """
        if not isinstance(self.known_as, str):
            return self.known_as
        here = Stack.of(scope).region
        match = _ARN.fullmatch(self.known_as)
        if match and not Token.is_unresolved(here) and match["region"] != here:
            raise ConfigurationError(
                f"The handler for '{route}', {self.known_as}, is not in {here}, the stack's region."
            )
        return lambda_.Function.from_function_arn(scope, "Function", self.known_as)


def existing_function(function: lambda_.IFunction | str) -> ExistingFunction:
    """Register any Lambda, in any language, as a handler: a construct of the same app, or an ARN.

    The ARN may name a version or an alias. It may belong to another account, whose owner then has to let
    RunTask's role invoke the function. Raises ConfigurationError if it is not the ARN of a function.
    """
    if isinstance(function, str) and not Token.is_unresolved(function) and not _ARN.fullmatch(function):
        raise ConfigurationError(
            f"existing_function: '{function}' is not the ARN of a Lambda function, such as "
            "arn:aws:lambda:us-east-1:111122223333:function:resize-images, or that with :version or :alias."
        )
    return ExistingFunction(function)
