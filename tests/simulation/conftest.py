from __future__ import annotations

import pytest

from infra.handlers import exists, shell_command
from infra.worker_group import WorkerGroup
from tests.infra.conftest import synthesize
from tests.infra.state_machines import definitions
from tests.simulation.undocumented import Machines


@pytest.fixture(scope="package")
def machines() -> Machines:
    """The definitions of the synthesized template."""
    return definitions(
        synthesize([WorkerGroup("etl")], {"ShellCommandActivity": shell_command(), "Exists": exists()})
    )
