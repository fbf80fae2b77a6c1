"""Words that name places in S3, and calls of the AWS CLI."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.commands.aws_cli import AwsCall, aws_call, iam_action
from pipelines.commands.aws_operations import problem_of
from pipelines.commands.effects import Effects
from pipelines.commands.files import absolute
from pipelines.commands.findings import Kind
from pipelines.commands.state import Status
from pipelines.commands.words import Word, text_word

_S3 = re.compile(r"s3[an]?://[^\s'\"$,;`|&)<>]+")
_FREE = {("sts", "get-caller-identity")}
"""Calls that need no permission (AWS STS API reference)."""
_PROFILE = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}
_NO_PROFILE = 255
_USAGE = 252


class AwsCalls(Effects):
    """Finds what app.py has to grant."""

    assigned: dict[str, set[str]]
    """Places in S3, by the variable that holds them."""

    def staging(self, word: Word) -> None:
        for name in re.findall(r"\b(?:IN|OUT)PUT\d+_STAGING_DIR\b", word.shown):
            if name not in self.variables.staged:
                self.note(Kind.STAGING, f"${{{name}}}")

    def word(self, word: Word, program: str) -> None:
        text = word.literal or word.prefix
        if "169.254.169.254" in text or "169.254.170.2" in text:
            self.note(Kind.METADATA, f"'{word.shown}'")
        if program not in {"=", "aws", "echo", "printf"}:
            self.findings.read |= set(_S3.findall(text))

    def assigned_places(self, name: str, text: str) -> None:
        """Keep the places that a variable holds, in case that nothing but a program reads it."""
        self.assigned.setdefault(name, set()).update(_S3.findall(text))

    def looked_over(self, word: Word) -> None:
        """A word of ``for``: an absolute one names files."""
        self.word(word, "")
        text = word.literal or ""
        if re.match(r"/[A-Za-z0-9]", text) and not re.search(r"[\s{}\\()]", text):
            path = absolute(text, self.directory)
            if path and not path.startswith("/tmp/"):  # noqa: S108 - as written in the command
                self.needs(word)

    def profile_of(self, name: str, value: Word, *, exported: bool) -> None:
        """Look at a variable that may choose a profile of the AWS CLI."""
        if name in _PROFILE and exported:
            self.uses_profile(value)

    def uses_profile(self, value: Word) -> bool:
        """Say that a function has no profiles, unless the script makes this one."""
        if (
            value.literal == ""
            or value.literal in self.profiles
            or "*" in self.profiles
            or self._has_settings()
        ):
            return False
        self.note(Kind.PROFILE, f"'{value.shown}'")
        return True

    def _has_settings(self) -> bool:
        path = absolute("~/.aws", self.directory)
        return bool(path) and self.files.has(path or "") is True

    def aws(self, rest: Sequence[Word]) -> Status:
        """A call of the AWS CLI."""
        call = aws_call(rest)
        if call.service == "configure":
            self.profiles.add(call.profile or "default")
            return None
        status: Status = None
        if call.profile and self.uses_profile(text_word(call.profile)):
            status = _NO_PROFILE
        if problem := problem_of(call.service, call.operation):
            self.note(Kind.AWS_CLI, problem)
            return _USAGE
        status = self._files_of(call.locals_read, call.locals_made, call.recursive) or status
        for word in rest:
            if (word.literal or "").startswith(("file://", "fileb://")):
                found = self.needs(text_word((word.literal or "").partition("://")[2]))
                status = status if found else _USAGE
        self._grants(call)
        if call.key.startswith("arn:"):
            self.findings.actions.setdefault(call.key, set()).update({"kms:Decrypt", "kms:GenerateDataKey"})
            self.note(Kind.AWS, f"AWS KMS, as 'aws s3 {call.operation}' writes with a key of its own")
        for place in call.write if call.sets_acl else []:
            resource = f"arn:aws:s3:::{place.removeprefix('s3://')}*"
            self.findings.actions.setdefault(resource, set()).add("s3:PutObjectAcl")
            self.note(Kind.AWS, f"'aws s3 {call.operation}' with an ACL")
        return _USAGE if call.lacks_operand else status

    def _files_of(self, reads: Sequence[Word], makes: Sequence[Word], recursive: bool) -> Status:
        good = True
        for word in reads:
            good = self.needs(word) and good
        for word in makes:
            path = self.path(word)
            if path is None:
                self.files.anywhere = True
            elif recursive or (word.literal or "").endswith(("/", "/.")) or self.files.is_directory(path):
                good = self.make(word, parents=True, directory=True) and good
                self.files.fetched.add(path)
            else:
                good = self.make(word, parents=True) and good
        return None if good else 1

    def _grants(self, call: AwsCall) -> None:
        service, operation, read, write, delete = (
            call.service,
            call.operation,
            call.read,
            call.write,
            call.delete,
        )
        for place in (*read, *write, *delete):
            if place == "s3://":
                self.note(Kind.UNREAD, "which place in S3 'aws s3' reads or writes")
        self.findings.read |= {place for place in read if place != "s3://"}
        self.findings.write |= {place for place in write if place != "s3://"}
        for place in delete:
            bucket, _, key = place.removeprefix("s3://").partition("/")
            resource = f"arn:aws:s3:::{bucket}/{key}*" if bucket else "*"
            self.findings.actions.setdefault(resource, set()).add("s3:DeleteObject")
        if service == "s3" and operation == "ls" and not read:
            self.findings.actions.setdefault("*", set()).add("s3:ListAllMyBuckets")
            self.note(Kind.AWS, "'aws s3 ls', which lists all buckets")
        if (service, operation) in _FREE or "help" in {service, operation}:
            return
        if service == "s3api" and (read or write):
            self.files.anywhere = True
        elif service == "s3api" and delete:
            self.note(Kind.AWS, f"'aws s3api {operation}'")
        elif service and operation and service != "s3":
            self.files.anywhere = True
            self.findings.actions.setdefault(call.resource, set()).add(iam_action(service, operation))
            if (service, operation) == ("s3api", "copy-object"):
                self.findings.actions.setdefault("*", set()).add("s3:GetObject")
            self.note(Kind.AWS, f"'aws {service} {operation}'")
        elif service == "s3" and delete:
            self.note(Kind.AWS, f"'aws s3 {operation}'")
        elif service == "s3" and operation in {"mb", "rb"}:
            action = {"mb": "s3:CreateBucket", "rb": "s3:DeleteBucket"}[operation]
            self.findings.actions.setdefault("*", set()).add(action)
            self.note(Kind.AWS, f"'aws s3 {operation}'")
