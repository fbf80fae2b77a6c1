"""Everything that changes ministack. Only this package knows its private names.

ministack is pinned. tests/local/test_ministack_hooks.py checks each name that this package uses, so that an
upgrade that changes one fails there.
"""

from local.ministack_hooks.emulator import (
    Asgi,
    EmulatedServiceError,
    Ministack,
    Note,
)
from local.ministack_hooks.handler import Handler
from local.ministack_hooks.resource_types import add_resource_type

__all__ = [
    "Asgi",
    "EmulatedServiceError",
    "Handler",
    "Ministack",
    "Note",
    "add_resource_type",
]
