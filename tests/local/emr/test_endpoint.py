"""Local EMR through botocore's client. Its answers must match the service model."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emr.applications import Applications
from local.emr.clusters import MOST_ACTIVE_STEPS
from local.emr.faults import Fault, FaultError
from tests.local.emr.service import CLUSTER, EmrService, emr_service
from tests.processes import naming


@pytest.fixture
def service() -> Iterator[EmrService]:
    with emr_service() as started:
        yield started


def step(command: str, name: str = "one", **more: Any) -> dict[str, Any]:
    jar = {"Jar": "command-runner.jar", "Args": ["bash", "-c", command]}
    return {"Name": name, "HadoopJarStep": jar, **more}


def wait_for(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def state(service: EmrService, cluster: str, step_id: str) -> Any:
    return service.client.describe_step(ClusterId=cluster, StepId=step_id)["Step"]["Status"]["State"]


def cluster_state(service: EmrService, cluster: str) -> Any:
    return service.client.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["State"]


def test_a_cluster_starts_runs_steps_in_turn_and_keeps_their_logs(service: EmrService) -> None:
    client = service.client
    cluster = client.run_job_flow(**CLUSTER)["JobFlowId"]
    assert cluster_state(service, cluster) == "STARTING"
    ids = client.add_job_flow_steps(
        JobFlowId=cluster, Steps=[step("echo out; echo err >&2; exit 3"), step("true")]
    )["StepIds"]
    wait_for(lambda: state(service, cluster, ids[1]) == "COMPLETED")
    assert state(service, cluster, ids[0]) == "FAILED"
    listed = client.list_steps(ClusterId=cluster)["Steps"]
    assert [found["Id"] for found in listed] == ids[::-1]
    assert listed[0]["Status"]["Timeline"]["StartDateTime"] >= listed[1]["Status"]["Timeline"]["EndDateTime"]
    logs = service.objects
    place = f"emr/{cluster}/steps/{ids[0]}"
    assert (
        gzip.decompress(logs.get_object(Bucket="logs", Key=f"{place}/stderr.gz")["Body"].read()) == b"err\n"
    )
    wait_for(lambda: cluster_state(service, cluster) == "WAITING")


def test_what_is_canceled_or_on_a_cluster_that_ends(service: EmrService) -> None:
    client = service.client
    cluster = client.run_job_flow(**CLUSTER)["JobFlowId"]
    ids = client.add_job_flow_steps(
        JobFlowId=cluster, Steps=[step("sleep 7310"), step("true"), step("sleep 7311"), step("true")]
    )["StepIds"]
    wait_for(lambda: state(service, cluster, ids[0]) == "RUNNING")
    answer = client.cancel_steps(ClusterId=cluster, StepIds=ids[:2])["CancelStepsInfoList"]
    assert [info["Status"] for info in answer] == ["SUBMITTED", "SUBMITTED"]
    wait_for(lambda: state(service, cluster, ids[2]) == "RUNNING")
    assert [state(service, cluster, found) for found in ids[:2]] == ["CANCELLED", "CANCELLED"]
    again = client.cancel_steps(ClusterId=cluster, StepIds=ids[:1])["CancelStepsInfoList"]
    assert again[0]["Status"] == "FAILED"
    client.terminate_job_flows(JobFlowIds=[cluster])
    wait_for(lambda: cluster_state(service, cluster) == "TERMINATED")
    wait_for(lambda: state(service, cluster, ids[2]) == "INTERRUPTED")
    assert state(service, cluster, ids[3]) == "CANCELLED"
    with pytest.raises(ClientError, match="may not be modified"):
        client.add_job_flow_steps(JobFlowId=cluster, Steps=[step("true")])
    assert client.list_clusters(ClusterStates=["TERMINATED"])["Clusters"][0]["Id"] == cluster


def test_an_interrupt_reaches_the_child_process_alone_and_a_kill_its_descendants_too(
    service: EmrService,
) -> None:
    client = service.client
    cluster = client.run_job_flow(**CLUSTER, StepConcurrencyLevel=2)["JobFlowId"]
    steps = [step("sleep 7312; true"), step("sleep 7313 & (setsid sleep 7314 &) ; wait")]
    ids = client.add_job_flow_steps(JobFlowId=cluster, Steps=steps)["StepIds"]
    wait_for(lambda: all(naming(f"sleep\x00{seconds}") for seconds in (7312, 7313, 7314)))
    client.cancel_steps(ClusterId=cluster, StepIds=ids[:1], StepCancellationOption="SEND_INTERRUPT")
    client.cancel_steps(ClusterId=cluster, StepIds=ids[1:], StepCancellationOption="TERMINATE_PROCESS")
    wait_for(lambda: [state(service, cluster, one) for one in ids] == ["CANCELLED", "CANCELLED"])
    assert naming("sleep\x007312"), "the launcher passes no signal on"
    assert not naming("sleep\x007313")
    assert naming("sleep\x007314"), "it had left the step's processes"
    client.terminate_job_flows(JobFlowIds=[cluster])
    wait_for(lambda: not naming("sleep\x007312") and not naming("sleep\x007314"))


def test_applications_on_yarn_outlive_their_clients_until_somebody_kills_them() -> None:
    async def scene() -> None:
        applications = Applications()

        async def endless() -> dict[str, Any]:
            await asyncio.Event().wait()
            return {}

        tags = {"mapreduce.job.tags": "dp-1,Other"}
        first = applications.start({"cluster": "j-1", "settings": tags}, endless())
        second = applications.start({"cluster": "j-2", "settings": {}}, endless())
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gone.set_result(None)
        assert await applications.answer(first, gone) is None
        assert applications.control("GET", {"tags": ["other"]}) == (200, {"applications": [first.id]})
        assert applications.control("DELETE", {"id": [first.id]}) == (200, {"killed": True})
        client: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer = await applications.answer(first, client)
        assert answer is not None
        assert answer["code"] == 1
        assert applications.tagged("") == [second.id]
        applications.end_of("j-2")
        await asyncio.wait({second.work})
        assert applications.tagged("") == []
        assert not applications.kill(first.id)

    asyncio.run(scene())


def test_the_queue_of_steps_has_an_end(service: EmrService) -> None:
    client = service.client
    service.fault(operation="StartCluster", kind="delay", seconds=60)
    cluster = client.run_job_flow(**CLUSTER)["JobFlowId"]
    client.add_job_flow_steps(JobFlowId=cluster, Steps=[step("true")] * MOST_ACTIVE_STEPS)
    with pytest.raises(ClientError, match="Maximum number of active steps"):
        client.add_job_flow_steps(JobFlowId=cluster, Steps=[step("true")])
    pages = list(client.get_paginator("list_steps").paginate(ClusterId=cluster, StepStates=["PENDING"]))
    assert [len(page["Steps"]) for page in pages] == [50, 50, 50, 50, 50, 6]


def test_an_idle_cluster_ends_and_one_that_does_not_start_says_why(service: EmrService) -> None:
    client = service.client
    idle = client.run_job_flow(**CLUSTER, AutoTerminationPolicy={"IdleTimeout": 60})["JobFlowId"]
    wait_for(lambda: cluster_state(service, idle) == "TERMINATED")
    service.fault(operation="StartCluster", kind="fail")
    broken = client.run_job_flow(**CLUSTER)["JobFlowId"]
    wait_for(lambda: cluster_state(service, broken) == "TERMINATED_WITH_ERRORS")
    status = client.describe_cluster(ClusterId=broken)["Cluster"]["Status"]
    assert status["StateChangeReason"]["Code"] == "BOOTSTRAP_FAILURE"


def test_what_is_not_there_or_invalid_is_refused(service: EmrService) -> None:
    client = service.client
    with pytest.raises(ClientError, match="is not valid"):
        client.describe_cluster(ClusterId="j-NONE")
    with pytest.raises(ClientError, match="does not exist"):
        client.add_job_flow_steps(JobFlowId="j-NONE", Steps=[step("true")])
    with pytest.raises(ClientError, match="ReleaseLabel is needed"):
        client.run_job_flow(Name="x", Instances={})
    with pytest.raises(ClientError, match="not there on local AWS"):
        client.run_job_flow(**CLUSTER, CustomAmiId="ami-1")
    cluster = client.run_job_flow(**CLUSTER)["JobFlowId"]
    with pytest.raises(ClientError, match="10,280"):
        client.add_job_flow_steps(JobFlowId=cluster, Steps=[step("x" * 10_281)])
    with pytest.raises(ClientError, match="is not valid"):
        client.describe_step(ClusterId=cluster, StepId="s-NONE")


@pytest.mark.parametrize(
    "wire", [1, {}, {"operation": "Nothing", "kind": "error"}, {"operation": "Step", "kind": "x"}, {"x": 1}]
)
def test_an_impossible_fault_is_refused(wire: Any) -> None:
    with pytest.raises(FaultError):
        Fault.read(wire)
