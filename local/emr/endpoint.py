"""Serves EMR over HTTP (JSON 1.1), with faults on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from local.emr import applications, faults, spark_service, views, wire
from local.emr.applications import Applications
from local.emr.clusters import Cluster, Clusters
from local.emr.errors import AnswerLostError, InternalServerError, InvalidRequestError, ValidationError
from local.emr.permissions import NeededCalls
from local.emr.serverless import ServerlessEndpoint
from local.emr.step_process import NewS3
from local.http.messages import close_connection, headers_of, read_body, respond, target_of
from local.json_service import CONTENT_TYPE, error_answer, read_request
from local.permissions.calls import Call

TARGET = "ElasticMapReduce."
CONTROL_PATH = "/_local/emr/"
_PAGE = 50


class EmrEndpoint:
    """The service. Steps reach local AWS at ``endpoint_url``; ``new_s3`` creates a client for their logs."""

    def __init__(self, *, endpoint_url: str, new_s3: NewS3, time_scale: float = 1.0) -> None:
        self.faults = faults.Faults()
        self._applications = Applications()
        self.clusters = Clusters(
            endpoint_url=endpoint_url,
            new_s3=new_s3,
            faults=self.faults,
            time_scale=time_scale,
            ended=self._applications.end_of,
        )
        self._needed = NeededCalls(self.clusters)
        self._spark = spark_service.SparkService(endpoint_url)
        self.serverless = ServerlessEndpoint(
            endpoint_url=endpoint_url, new_s3=new_s3, spark=self._spark, faults=self.faults
        )

    def kill(self) -> None:
        """End all processes at once."""
        self._spark.close()

    def calls(self, operation: str, request: Mapping[str, Any]) -> list[Call]:
        """The calls that IAM must allow for an operation."""
        return self._needed.calls(operation, request)

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one HTTP request."""
        body = await read_body(receive)
        if scope["path"] == spark_service.PATH:
            answered = await self._hive(headers_of(scope), body, receive)
            if answered is None:
                return
            status, answer = answered
        elif scope["path"] == applications.PATH and headers_of(scope).get(faults.HEADER) == "faults":
            query = parse_qs(scope["query_string"].decode("latin-1"))
            status, answer = self._applications.control(scope["method"], query)
        elif scope["path"].startswith(CONTROL_PATH):
            status, answer = faults.control(
                self.faults, method=scope["method"], headers=headers_of(scope), body=body
            )
        else:
            operation = (target_of(scope) or "").removeprefix(TARGET)
            try:
                status, answer = await self.answer(operation, body)
            except AnswerLostError:
                await close_connection(send)
                return
        await respond(send, status, {"Content-Type": CONTENT_TYPE}, json.dumps(answer).encode())

    async def _hive(
        self, headers: Mapping[str, str], body: bytes, receive: Any
    ) -> tuple[int, dict[str, Any]] | None:
        """Run a script as an application. None if its client ends before it does."""
        if headers.get(faults.HEADER) != "faults":
            return 403, {"error": f"the header {faults.HEADER}: faults is missing"}
        request = json.loads(body)
        application = self._applications.start(request, self._spark.run(request))
        gone = asyncio.ensure_future(_disconnected(receive))
        answer = await self._applications.answer(application, gone)
        gone.cancel()
        return None if answer is None else (200, answer)

    async def answer(self, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """HTTP status and answer to a request. Raises AnswerLostError if a fault closes the connection."""
        try:
            request = wire.check(operation, read_request(body, refusal=ValidationError))
            fault = self.faults.take(operation)
            faults.raise_refusal(fault)
            if fault is not None and fault.kind == "delay":
                await asyncio.sleep(fault.seconds)
            answer = self._carry_out(operation, request)
        except Exception as error:
            return error_answer(error, operation, internal=InternalServerError)
        await faults.hold_answer(fault)
        return 200, answer

    def _carry_out(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        answers = {
            "AddJobFlowSteps": self._add,
            "CancelSteps": self._cancel,
            "DescribeCluster": self._describe_cluster,
            "DescribeStep": self._describe_step,
            "ListClusters": self._list_clusters,
            "ListSteps": self._list_steps,
            "RunJobFlow": self._run_job_flow,
            "TerminateJobFlows": self._terminate,
        }
        return answers[operation](request)

    def _run_job_flow(self, request: dict[str, Any]) -> dict[str, Any]:
        cluster = self.clusters.start(request)
        return {"JobFlowId": cluster.id, "ClusterArn": views.cluster_arn(cluster.id)}

    def _add(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"StepIds": [step.id for step in self.clusters.add(request["JobFlowId"], request["Steps"])]}

    def _cancel(self, request: dict[str, Any]) -> dict[str, Any]:
        kill = request.get("StepCancellationOption") == "TERMINATE_PROCESS"
        listed = self.clusters.cancel(request["ClusterId"], request["StepIds"], kill=kill)
        return {"CancelStepsInfoList": listed}

    def _describe_cluster(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"Cluster": views.cluster_description(self.clusters.find(request["ClusterId"]))}

    def _describe_step(self, request: dict[str, Any]) -> dict[str, Any]:
        for step in self.clusters.find(request["ClusterId"]).steps:
            if step.id == request["StepId"]:
                return {"Step": views.step_summary(step)}
        raise InvalidRequestError(f"Step id '{request['StepId']}' is not valid.")

    def _list_clusters(self, request: dict[str, Any]) -> dict[str, Any]:
        states = request.get("ClusterStates")
        after, before = _seconds(request.get("CreatedAfter")), _seconds(request.get("CreatedBefore"))
        found = [
            views.cluster_summary(cluster)
            for cluster in self.clusters.all()
            if (states is None or cluster.state in states) and _within(cluster, after, before)
        ]
        return _page("Clusters", found, request)

    def _list_steps(self, request: dict[str, Any]) -> dict[str, Any]:
        states, ids = request.get("StepStates"), request.get("StepIds")
        found = [
            views.step_summary(step)
            for step in reversed(self.clusters.find(request["ClusterId"]).steps)
            if (states is None or step.state in states) and (ids is None or step.id in ids)
        ]
        return _page("Steps", found, request)

    def _terminate(self, request: dict[str, Any]) -> dict[str, Any]:
        self.clusters.terminate(request["JobFlowIds"])
        return {}


async def _disconnected(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _page(name: str, found: Sequence[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    """EMR lists 50 at a time."""
    start = int(request.get("Marker") or 0)
    more = {"Marker": str(start + _PAGE)} if len(found) > start + _PAGE else {}
    return {name: list(found[start : start + _PAGE]), **more}


def _within(cluster: Cluster, after: float | None, before: float | None) -> bool:
    return (after is None or cluster.created >= after) and (before is None or cluster.created <= before)


def _seconds(value: Any) -> float | None:
    if value is None or isinstance(value, int | float):
        return value
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC).timestamp()
