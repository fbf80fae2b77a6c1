from __future__ import annotations

import ssl
from typing import Any

import pytest

from runner.fields import FieldError
from sql.tls import RDS_CERTIFICATES, Tls, ssl_context, tls_of
from tests.unit.sql.objects import jdbc

OWNER = jdbc("jdbc:postgresql://db/s")


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, Tls.PREFER),
        ({"ApplicationName": "x"}, Tls.PREFER),
        ({"ssl": "true"}, Tls.VERIFY_FULL),
        ({"ssl": ""}, Tls.VERIFY_FULL),
        ({"ssl": "false"}, Tls.DISABLE),
        ({"sslmode": "disable"}, Tls.DISABLE),
        ({"sslmode": "Require", "ssl": "true"}, Tls.REQUIRE),
        ({"sslMode": "VERIFY_CA"}, Tls.VERIFY_CA),
        ({"sslMode": "VERIFY_IDENTITY"}, Tls.VERIFY_FULL),
        ({"useSSL": "false"}, Tls.DISABLE),
        ({"useSSL": "TRUE", "verifyServerCertificate": "false"}, Tls.REQUIRE),
        ({"useSSL": "true", "requireSSL": "true"}, Tls.VERIFY_FULL),
        ({"useSSL": "true", "trustServerCertificate": "true"}, Tls.REQUIRE),
        ({"useSSL": "true", "trustServerCertificate": "false"}, Tls.VERIFY_FULL),
        ({"useSSL": "true", "disableSslHostnameVerification": "true"}, Tls.VERIFY_CA),
        ({"ssl": "true", "sslfactory": "org.postgresql.ssl.NonValidatingFactory"}, Tls.REQUIRE),
        ({"ssl": "true", "sslfactory": "org.postgresql.ssl.DefaultJavaSSLFactory"}, Tls.VERIFY_FULL),
    ],
)
def test_properties(properties: dict[str, str], expected: Tls) -> None:
    assert tls_of(OWNER, properties, Tls.PREFER) is expected


@pytest.mark.parametrize(
    "properties", [{"sslmode": "verify"}, {"useSSL": "yes"}, {"ssl": "1"}, {"ssl": "true", "sslmode": ""}]
)
def test_what_is_not_known_is_no_reason_for_less(properties: dict[str, str]) -> None:
    with pytest.raises(FieldError, match="'Db'"):
        tls_of(OWNER, properties, Tls.PREFER)


@pytest.mark.parametrize(
    ("mode", "checks_name", "verifies"),
    [
        (Tls.PREFER, False, ssl.CERT_NONE),
        (Tls.REQUIRE, False, ssl.CERT_NONE),
        (Tls.VERIFY_CA, False, ssl.CERT_REQUIRED),
        (Tls.VERIFY_FULL, True, ssl.CERT_REQUIRED),
    ],
)
def test_contexts(mode: Tls, checks_name: bool, verifies: ssl.VerifyMode) -> None:
    context = ssl_context(mode)
    assert (context.check_hostname, context.verify_mode) == (checks_name, verifies)


def test_the_authorities_of_rds_are_those_of_rds_alone() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=RDS_CERTIFICATES)
    names = []
    for certificate in context.get_ca_certs():
        subject: Any = certificate["subject"]
        parts = dict(pair for part in subject for pair in part)
        assert parts["organizationName"] == "Amazon Web Services, Inc."
        names.append(parts["commonName"])
    assert all(name.startswith("Amazon RDS ") for name in names)
    # The regions of AWS Data Pipeline, each with three root certificates.
    for region in ("us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2"):
        roots = {name.split(" Root CA ")[1] for name in names if f" {region} " in name}
        assert roots == {"RSA2048 G1", "RSA4096 G1", "ECC384 G1"}
