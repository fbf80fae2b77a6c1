from __future__ import annotations

import asyncio
import json

import pytest

from local.sdk_errors import modelled_errors, sdk_error, with_sdk_errors

MODELLED = modelled_errors("datapipeline")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("TaskNotFoundException", "TaskNotFoundException"),
        ("InternalServiceError", "InternalServiceErrorException"),
        ("com.amazon.setl.webservice#PipelineDeletedException", "PipelineDeletedException"),
        ("ThrottlingException", "DataPipelineException"),
        ("AccessDeniedException", "DataPipelineException"),
        ("", "DataPipelineException"),
    ],
)
def test_errors_have_the_names_of_the_sdk_for_java(code: str, name: str) -> None:
    assert sdk_error(code, service="DataPipeline", modelled=MODELLED) == name


def test_an_unlisted_error_is_told_apart_by_its_message() -> None:
    async def throttled(*_: object) -> tuple[int, dict[str, str], bytes]:
        return 400, {}, b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'

    handler = with_sdk_errors(throttled, service="DataPipeline", modelled=MODELLED)
    status, _, body = asyncio.run(handler("POST", "/", {}, b"{}", {}))
    answer = json.loads(body)
    assert status == 400
    assert answer["__type"] == "DataPipelineException"
    assert answer["message"].startswith(
        "Rate exceeded (Service: DataPipeline, Status Code: 400, Request ID: "
    )


def test_an_answer_passes_unchanged() -> None:
    async def fine(*_: object) -> tuple[int, dict[str, str], bytes]:
        return 200, {"a": "b"}, b'{"canceled": true}'

    handler = with_sdk_errors(fine, service="DataPipeline", modelled=MODELLED)
    assert asyncio.run(handler("POST", "/", {}, b"{}", {})) == (200, {"a": "b"}, b'{"canceled": true}')
