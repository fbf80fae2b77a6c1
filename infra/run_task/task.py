"""The task in an execution of RunTask, and the errors with which Data Pipeline refuses it."""

from __future__ import annotations

TASK = "$states.context.Execution.Input"
"""JSONata for the task's envelope, the execution's input."""

# Step Functions names SDK errors <service prefix>.<Java exception> (developer guide, AWS SDK integrations).
NO_LONGER_OURS = [
    "DataPipeline.TaskNotFoundException",
    "DataPipeline.PipelineNotFoundException",
    "DataPipeline.PipelineDeletedException",
]
INVALID_REQUEST = "DataPipeline.InvalidRequestException"
