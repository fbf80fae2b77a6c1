"""The client of the control endpoint, with which tests make a local service fail."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from local.datapipeline.control import HEADER, PATH

TIMEOUT_SECONDS = 10


class FaultControl:
    """The faults of one service of one local AWS: Data Pipeline's, unless ``path`` is another's."""

    def __init__(self, endpoint_url: str, path: str = PATH) -> None:
        self._url = endpoint_url + path

    def add(self, *faults: dict[str, Any]) -> list[dict[str, Any]]:
        """Add faults. Returns all that are still to happen."""
        return self._faults(*self.send("POST", list(faults)))

    def pending(self) -> list[dict[str, Any]]:
        """The faults that are still to happen."""
        return self._faults(*self.send("GET"))

    def clear(self) -> None:
        """Drop the faults that are still to happen."""
        self._faults(*self.send("DELETE"))

    def send(self, method: str, body: Any = None, *, header: str = "faults") -> tuple[int, Any]:
        """HTTP status and answer, even if the request is refused."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url, data, {HEADER: header}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    @staticmethod
    def _faults(status: int, answer: Any) -> list[dict[str, Any]]:
        assert status == 200, answer
        faults: list[dict[str, Any]] = answer["faults"]
        return faults
