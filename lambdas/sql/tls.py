"""TLS to databases: the mode that the JDBC properties ask for, and the trusted certificates."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from runner.fields import FieldError, PipelineObject

RDS_CERTIFICATES = Path(__file__).with_name("rds-ca.pem")
"""The root certificates of Amazon RDS, as AWS publishes them (Amazon RDS user guide, "Using SSL/TLS")."""


class Tls(Enum):
    """How a connection is protected, from weakest to strongest."""

    DISABLE = "disable"
    PREFER = "prefer"
    """TLS if the server supports it. Nothing is verified."""
    REQUIRE = "require"
    """TLS. Nothing is verified."""
    VERIFY_CA = "verify-ca"
    """TLS, with a certificate from a trusted authority."""
    VERIFY_FULL = "verify-full"
    """TLS, with such a certificate for the host name."""


# The names in PostgreSQL JDBC and Redshift's driver (sslmode), in MySQL and MariaDB Connector/J (sslMode).
_MODES = {
    "disable": Tls.DISABLE,
    "disabled": Tls.DISABLE,
    "allow": Tls.PREFER,
    "prefer": Tls.PREFER,
    "preferred": Tls.PREFER,
    "require": Tls.REQUIRE,
    "required": Tls.REQUIRE,
    "trust": Tls.REQUIRE,
    "verify-ca": Tls.VERIFY_CA,
    "verify_ca": Tls.VERIFY_CA,
    "verify-full": Tls.VERIFY_FULL,
    "verify_identity": Tls.VERIFY_FULL,
}
_SWITCHES = ("ssl", "usessl", "requiressl")
_VERIFIES = "verifyservercertificate"
_TRUSTS = "trustservercertificate"
_ANY_HOST = "disablesslhostnameverification"
_FACTORY = "sslfactory"
_VERIFIES_NOTHING = "nonvalidatingfactory"
NAMES = frozenset({"sslmode", _VERIFIES, _TRUSTS, _ANY_HOST, _FACTORY, *_SWITCHES})
"""The properties that this module reads, in lower case."""


def tls_of(owner: PipelineObject, properties: Mapping[str, str], default: Tls) -> Tls:
    """The mode that the properties ask for, whatever the case of their names.

    ``sslmode`` takes precedence over the switches. Raises FieldError for an unknown value, because it may be
    meant to protect the connection.
    """
    given = {name.lower(): value for name, value in properties.items() if name.lower() in NAMES}
    if "sslmode" in given:
        mode = _MODES.get(given["sslmode"].lower())
        if mode is None:
            known = ", ".join(sorted(_MODES))
            raise FieldError(
                owner.id, "jdbcProperties", f"sslmode is {given['sslmode']!r}, and none of {known}"
            )
        return mode
    switched = [_true(owner, name, given[name]) for name in _SWITCHES if name in given]
    if not switched:
        return default
    if not any(switched):
        return Tls.DISABLE
    return _verification(owner, given)


def _verification(owner: PipelineObject, given: Mapping[str, str]) -> Tls:
    """The mode if TLS is switched on without ``sslmode``."""
    if _VERIFIES in given and not _true(owner, _VERIFIES, given[_VERIFIES]):
        return Tls.REQUIRE
    if _TRUSTS in given and _true(owner, _TRUSTS, given[_TRUSTS]):
        return Tls.REQUIRE
    if given.get(_FACTORY, "").lower().endswith(_VERIFIES_NOTHING):
        return Tls.REQUIRE
    if _ANY_HOST in given and _true(owner, _ANY_HOST, given[_ANY_HOST]):
        return Tls.VERIFY_CA
    return Tls.VERIFY_FULL


def _true(owner: PipelineObject, name: str, value: str) -> bool:
    # PostgreSQL JDBC: a property without a value is true.
    if value.lower() not in {"", "true", "false"}:
        raise FieldError(owner.id, "jdbcProperties", f"{name} is {value!r}, and neither true nor false")
    return value.lower() != "false"


def ssl_context(tls: Tls) -> ssl.SSLContext:
    """The context for a mode with TLS. It trusts the authorities of the system and of Amazon RDS."""
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=RDS_CERTIFICATES)
    if tls is not Tls.VERIFY_FULL:
        context.check_hostname = False
    if tls not in {Tls.VERIFY_CA, Tls.VERIFY_FULL}:
        context.verify_mode = ssl.CERT_NONE
    return context
