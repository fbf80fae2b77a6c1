from __future__ import annotations

from local.dead_letters import dead_letter

TARGET = {"Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:gone", "Input": '{"a": 1}'}
QUEUE = {"DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:000000000000:ticks"}}


def test_the_input_is_kept_with_what_went_wrong() -> None:
    message = dead_letter({"Arn": "arn:schedule"}, TARGET | QUEUE, "AccessDeniedException", "It may not.")
    assert message is not None
    assert (message["QueueUrl"], message["MessageBody"]) == ("ticks", '{"a": 1}')
    values = {key: attribute["StringValue"] for key, attribute in message["MessageAttributes"].items()}
    assert (values["ERROR_CODE"], values["ERROR_MESSAGE"]) == ("AccessDeniedException", "It may not.")
    assert values["TARGET_ARN"] == TARGET["Arn"]
    assert values["SCHEDULE_ARN"] == "arn:schedule"


def test_without_a_queue_nothing_is_kept() -> None:
    assert dead_letter({}, TARGET, "e", "m") is None
