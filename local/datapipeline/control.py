"""The control endpoint: sets faults on the service's own port.

``GET``, ``POST`` and ``DELETE`` of ``/_local/datapipeline/faults`` list, add and clear faults. Each needs the
header ``X-Local-Control: faults``, which nobody sends by accident.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.datapipeline.faults import KINDS, Fault, FaultError, Faults

PATH = "/_local/datapipeline/faults"
HEADER = "x-local-control"


def control(
    faults: Faults, *, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, dict[str, Any]]:
    """HTTP status and JSON answer of a request to the control endpoint."""
    if path != PATH:
        return 404, {"error": f"there is only {PATH}"}
    if headers.get(HEADER) != "faults":
        return 403, {"error": f"the header {HEADER}: faults is missing"}
    try:
        if method == "POST":
            given = json.loads(body)
            for fault in [Fault.read(wire) for wire in (given if isinstance(given, list) else [given])]:
                faults.add(fault)
        elif method == "DELETE":
            faults.clear()
        elif method != "GET":
            return 405, {"error": "GET, POST and DELETE are possible"}
    except (FaultError, ValueError, TypeError, AttributeError) as error:
        return 400, {"error": str(error)}
    return 200, {"faults": faults.listing(), "kinds": KINDS}
