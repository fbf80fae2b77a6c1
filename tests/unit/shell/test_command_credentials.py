"""Credentials of the commands' role, for as long as a command runs."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from shell.credential_server import CredentialServer
from shell.role_session import RoleSession

ROLE = "arn:aws:iam::111122223333:role/CommandRole"


class FakeSts:
    """Sessions of an hour, numbered."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.assumed = 0
        self.fails = False

    def assume_role(self, **request: Any) -> Any:
        assert request["DurationSeconds"] == 3600
        if self.fails:
            raise RuntimeError("STS cannot be reached")
        self.assumed += 1
        return {
            "Credentials": {
                "AccessKeyId": f"key-{self.assumed}",
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": self.now + timedelta(hours=1),
            }
        }


@pytest.fixture
def sts() -> FakeSts:
    return FakeSts()


@pytest.fixture
def session(sts: FakeSts) -> RoleSession:
    return RoleSession(lambda: sts, ROLE, "df-1", now=lambda: sts.now)  # type: ignore[arg-type,return-value]


@pytest.fixture
def server(session: RoleSession) -> Iterator[CredentialServer]:
    opened = CredentialServer(session)
    yield opened
    opened.close()


def test_a_session_is_renewed_half_an_hour_before_its_end(sts: FakeSts, session: RoleSession) -> None:
    assert session.credentials().access_key_id == "key-1"
    sts.now += timedelta(minutes=29)
    assert session.credentials().access_key_id == "key-1"
    for hour in range(2, 14):  # Twelve hours of half an hour each, and a bit.
        sts.now += timedelta(minutes=31)
        assert session.credentials().access_key_id == f"key-{hour}"
        assert session.credentials().expiration - sts.now > timedelta(minutes=30)


def test_a_renewal_that_fails_does_no_harm_until_the_credentials_end(
    sts: FakeSts, session: RoleSession
) -> None:
    session.credentials()
    sts.fails = True
    sts.now += timedelta(minutes=59)
    assert session.credentials().access_key_id == "key-1"
    sts.now += timedelta(minutes=1)
    with pytest.raises(RuntimeError, match="STS"):
        session.credentials()
    sts.fails = False
    assert session.credentials().access_key_id == "key-2"


def get(server: CredentialServer, token: str | None, path: str = "") -> Any:
    headers = {} if token is None else {"Authorization": token}
    url = server.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] + path
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        return json.load(answer)


def test_only_those_who_know_the_token_get_credentials(server: CredentialServer) -> None:
    token = server.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    assert get(server, token)["AccessKeyId"] == "key-1"
    for wrong, path in ((None, ""), ("x", ""), ("Ünïcødé", ""), (token, "/other")):
        header = None if wrong is None else wrong.encode().decode("latin-1")
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(server, header, path)
        assert refused.value.code == 403


def test_an_sdk_gets_new_credentials_when_the_hour_ends(
    sts: FakeSts, server: CredentialServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore's own container provider, as the AWS CLI and boto3 in a command have it."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    sts.now = datetime.now(UTC) - timedelta(minutes=55)  # botocore has its own clock: 5 minutes are left.
    credentials = boto3.Session(region_name="us-east-1").get_credentials()
    assert credentials is not None
    assert credentials.method == "container-role"
    sts.now = datetime.now(UTC)
    assert credentials.get_frozen_credentials().access_key == "key-2"
    assert credentials.get_frozen_credentials().access_key == "key-2", "which has an hour"


def test_a_role_that_cannot_be_assumed_is_told(sts: FakeSts, server: CredentialServer) -> None:
    sts.fails = True
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(server, server.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
    assert refused.value.code == 503
    assert "STS cannot be reached" in refused.value.read().decode()
