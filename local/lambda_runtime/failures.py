"""Lambda's own errors, for functions that gave no answer.

Each is the JSON body of an Invoke with X-Amz-Function-Error, in Lambda's current wording.
"""

from __future__ import annotations

MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100
"""A synchronous response's limit (Lambda quotas, 6 MB). The 100 bytes are in Lambda's error text."""

Failure = dict[str, str]


def timed_out(request_id: str, timeout_seconds: float) -> Failure:
    return {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after {timeout_seconds:.2f} seconds",
    }


def exited(request_id: str, return_code: int) -> Failure:
    """`return_code` is that of subprocess: negative for the signal that ended the process."""
    if return_code == 0:
        reason = "Runtime exited without providing a reason"
    elif return_code < 0:
        reason = f"Runtime exited with error: signal: {_SIGNAL_WORDS.get(-return_code, str(-return_code))}"
    else:
        reason = f"Runtime exited with error: exit status {return_code}"
    return {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {request_id} Error: {reason}"}


def response_too_large() -> Failure:
    return {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size "
        f"({MAX_RESPONSE_BYTES} bytes).",
    }


# Go's names of signals, which Lambda's sandbox uses.
_SIGNAL_WORDS = {
    1: "hangup",
    2: "interrupt",
    4: "illegal instruction",
    6: "aborted",
    8: "floating point exception",
    9: "killed",
    11: "segmentation fault",
    15: "terminated",
}
