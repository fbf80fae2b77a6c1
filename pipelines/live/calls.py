"""Calls to AWS Data Pipeline at the rates that its limits allow an account.

Developer guide, AWS Data Pipeline Limits. Pipelines that run at the same time need the same rates, so the
bursts that the service allows are left to them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.datapipeline.throttle import RATES

if TYPE_CHECKING:
    from mypy_boto3_datapipeline import DataPipelineClient

_THROTTLED = {
    *(
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
    ),
    *("RequestThrottled", "RequestThrottledException", "SlowDown", "ProvisionedThroughputExceededException"),
}
_ATTEMPTS = 10
_LONGEST_WAIT_SECONDS = 60.0
_REST_SECONDS = 1.0


def is_throttled(code: str, status: int) -> bool:
    """Whether an error says that calls come too fast. Its name is not documented for Data Pipeline."""
    return code in _THROTTLED or "throttl" in code.lower() or status == 429


@dataclass
class Pace:
    """Spaces calls of each operation."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: dict[str, float] = field(default_factory=dict)

    def wait(self, operation: str) -> None:
        """Return once the operation may be called."""
        now = self.clock()
        at = max(now, self._next.get(operation, now))
        self._next[operation] = at + 1 / RATES.get(operation, _REST_SECONDS)
        if at > now:
            self.sleep(at - now)


class Calls:
    """Data Pipeline's operations for reading. Raises errors of botocore for all but throttling."""

    def __init__(self, client: DataPipelineClient, pace: Pace | None = None) -> None:
        self._client: Any = client
        self._pace = pace or Pace()

    def call(self, operation: str, method: str, **request: Any) -> Any:
        """Call when the rate allows it, and again, later and later, if it is throttled nevertheless."""
        from botocore.exceptions import ClientError

        wait = 1.0
        for attempt in range(1, _ATTEMPTS + 1):
            self._pace.wait(operation)
            try:
                return getattr(self._client, method)(**request)
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
                if attempt == _ATTEMPTS or not is_throttled(code, status):
                    raise
            self._pace.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
        raise AssertionError("unreachable")

    def pipelines(self) -> Iterator[tuple[str, str]]:
        """Id and name of all pipelines of the region."""
        marker: dict[str, str] = {}
        while True:
            page = self.call("ListPipelines", "list_pipelines", **marker)
            yield from ((found["id"], found.get("name", "")) for found in page["pipelineIdList"])
            if not page.get("hasMoreResults") or not page.get("marker"):
                return
            marker = {"marker": page["marker"]}

    def definition(self, pipeline_id: str) -> Any:
        """The definition of a pipeline in the API's form."""
        return self.call("GetPipelineDefinition", "get_pipeline_definition", pipelineId=pipeline_id)

    def query(self, pipeline_id: str, sphere: str, limit: int, **query: Any) -> list[str]:
        """Ids of a pipeline's objects, one page of them."""
        answer = self.call(
            "QueryObjects", "query_objects", pipelineId=pipeline_id, sphere=sphere, limit=limit, **query
        )
        ids: list[str] = answer["ids"]
        return ids

    def describe(self, pipeline_id: str, ids: list[str]) -> list[dict[str, str]]:
        """The fields of at most 25 objects."""
        answer = self.call("DescribeObjects", "describe_objects", pipelineId=pipeline_id, objectIds=ids[:25])
        return [
            {field["key"]: field.get("stringValue", field.get("refValue", "")) for field in found["fields"]}
            for found in answer["pipelineObjects"]
        ]
