"""convert and convert --back give back every byte, however a document is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.checking.worker_group import on_worker_group
from pipelines.convert_command import main
from pipelines.reading.files import read_definitions
from tests.pipelines.test_reading import PLAN, TEMPLATE, TERRAFORM

GROUP = "etl"
RoundTrip = Callable[..., str]


@pytest.fixture
def round_trip(tmp_path: Path) -> RoundTrip:
    """Convert a text and undo it. Returns the converted text."""

    def there_and_back(text: str, *options: str) -> str:
        before = text.encode()
        paths = [tmp_path / name for name in ("before", "converted", "back")]
        paths[0].write_bytes(before)
        to = ["--worker-group", GROUP, *options, "--output", str(paths[1]), str(paths[0])]
        assert main(to) == 0
        original = ["--original", str(paths[0])]
        assert main(["--back", *original, "--output", str(paths[2]), str(paths[1])]) == 0
        assert paths[2].read_bytes().decode() == text
        converted = paths[1].read_bytes().decode()
        for source, moved in zip(
            read_definitions("x", text.removeprefix("\ufeff")),
            read_definitions("x", converted.removeprefix("\ufeff")),
            strict=True,
        ):
            if not options:
                assert moved.definition == on_worker_group(source.definition, GROUP).definition
        return converted

    return there_and_back


PRETTY = """{
    "objects" : [
      { "id":"Default", "name": "D\\u00e9fault", "myPath": "a\\/b", "myNumber": 1.0,
        "myBig": 123456789012345678901234567890, "myFloat": 1e3, "scheduleType":"ondemand" },
\t{"id": "Ec2", "type": "Ec2Resource", "terminateAfter": "1 hour"},

      {
         "id": "A", "type": "ShellCommandActivity", "command": "echo \\"é\\"",
         "runsOn" : {"ref" : "Ec2"}
      }
    ] ,
  "values": {"myX": "\\ud83d\\ude00"}
}"""


@pytest.mark.parametrize(
    "text",
    [
        PRETTY,
        PRETTY + "\n",
        "\ufeff" + PRETTY.replace("\n", "\r\n"),
        json.dumps(json.loads(PRETTY), separators=(",", ":"), ensure_ascii=False),
        f"[{PRETTY}, {PRETTY}]",
        json.dumps(TEMPLATE),
        json.dumps(TERRAFORM, indent=1),
    ],
    ids=["odd", "newline", "windows", "compact", "list", "cfn", "tf"],
)
def test_json_keeps_its_spelling(round_trip: RoundTrip, text: str) -> None:
    converted = round_trip(text)
    if '"objects"' in text:
        assert ('myBig": 1234567890' in converted) is ('myBig": 1234567890' in text)
        assert "a\\/b" in converted or "a\\/b" not in text
    assert converted.startswith("\ufeff") is text.startswith("\ufeff")
    assert ("\r\n" in converted) is ("\r\n" in text)
    assert "runsOn" not in converted.partition("convertedFrom")[0]


BLOCKS = """\
%YAML 1.1
---
# The nightly copy.   é 😀
Parameters:
  Bucket: {Type: String, Default: "x"}   # of another stack
Conditions: {Prod: !Equals [!Ref "AWS::Region", us-east-1]}
Resources:
  Copy:            # the pipeline
    # before everything
    Type: AWS::DataPipeline::Pipeline
    Properties:
        Name: !Sub 'copy-${Bucket}'
        PipelineObjects:
        -   Id: Default
            Name: Default
            Fields:
            - &kind { Key: scheduleType , StringValue: ondemand }   # once
        # The instance.
        - Id: 'Ec2'     # here
          Name: "Ec2"
          Fields:
            - Key: type
              StringValue: Ec2Resource

        # Between two objects.

        - Id: A
          Name: A
          Fields:
            - Key: "runsOn"      # where it runs

              RefValue: 'Ec2'    # on the instance
            - {Key: type, StringValue: ShellCommandActivity}
            - Key: command
              StringValue: |+
                set -e   # not a comment
                ./run.sh

            - *kind
        - Id: B
          Name: B
          Fields: [{Key: type, StringValue: ShellCommandActivity}, {Key: command, StringValue: "a\\
             b"}, {Key: runsOn,
             # within
             RefValue: Ec2}]
        - Id: Db
          Name: Db
          Fields:
            - {Key: type, StringValue: JdbcDatabase}
            - {Key: "*password", StringValue: 'it''s'}   # secret
            - Key: username
              StringValue: >-
                u
                v
        - Id: Last
          Name: Last
          Fields:
            - {Key: type, StringValue: Ec2Resource}
  # The end.
Outputs: {}
...
"""


@pytest.mark.parametrize("options", [(), ("--secrets",)])
@pytest.mark.parametrize(
    "text",
    [
        BLOCKS,
        BLOCKS.replace("\n", "\r\n"),
        "\ufeff" + BLOCKS.removeprefix("%YAML 1.1\n---\n"),
        BLOCKS.partition("  # The end.")[0].rstrip("\n"),
        BLOCKS.replace("Type: AWS::D", "Metadata: {owner: me}\n    Type: AWS::D"),
        BLOCKS.replace("Type: AWS::D", "Metadata: {}  # none\n    Type: AWS::D"),
        BLOCKS.replace("Type: AWS::D", "Metadata:\n      # whose\n      owner: me\n    Type: AWS::D"),
    ],
    ids=["block", "windows", "mark", "cut", "metadata", "none", "mapping"],
)
def test_yaml_keeps_its_spelling(round_trip: RoundTrip, text: str, options: tuple[str, ...]) -> None:
    converted = round_trip(text, *options)
    changed = {line.strip() for line in text.splitlines()} - {line.strip() for line in converted.splitlines()}
    (metadata,) = [line for line in text.splitlines() if "Metadata" in line] or [""]
    expected = {
        *('- Key: "runsOn"      # where it runs', "RefValue: 'Ec2'    # on the instance"),
        *('b"}, {Key: runsOn,', "RefValue: Ec2}]", "- Id: 'Ec2'     # here", 'Name: "Ec2"'),
        *(
            "- Id: Last",
            "Name: Last",
            "- Key: type",
            "StringValue: Ec2Resource",
            "- {Key: type, StringValue: Ec2Resource}",
        ),
    }
    if "{" in metadata:
        expected.add(metadata.strip())
    if options:
        expected.add("- {Key: \"*password\", StringValue: 'it''s'}   # secret")
    assert changed - expected == set()
    assert "StringValue: 'etl'    # on the instance" in converted
    assert "# within" in converted


FLOW = """\
objects: [   # all
  {id: Default},   # first
  {id: Ec2, type: Ec2Resource},   # the instance
  # the work
  {id: A, type: ShellCommandActivity,
    # where
    runsOn: {ref: Ec2}, workerGroup: old, # ignored
    command: x},   # last but one
  {id: Box, type: Ec2Resource} # last
]
"""


@pytest.mark.parametrize("text", [FLOW, FLOW.replace("} # last", "}, # last"), FLOW.replace("\n", "\r")])
def test_comments_between_the_items_of_a_line_stay(round_trip: RoundTrip, text: str) -> None:
    converted = round_trip(text)
    assert converted.count("#") == text.count("#")


CHOICES = """\
Resources:
  P:
    Type: AWS::DataPipeline::Pipeline
    Properties:
      Name: p
      PipelineObjects:
        - {Id: Ec2, Name: Ec2, Fields: [{Key: type, StringValue: Ec2Resource}]}
        - !If
          - Large
          - Id: Big
            Name: Big
            Fields:
              - {Key: type, StringValue: EmrCluster}
          - Id: Small   # else
            Name: Small
            Fields:
              - {Key: type, StringValue: Ec2Resource}
        - !If [Prod, {Id: A, Name: A, Fields: [{Key: type, StringValue: ShellCommandActivity},
            {Key: command, StringValue: x}, {Key: runsOn, RefValue: Ec2}]}, !Ref AWS::NoValue]
        - Fn::If:
            - Prod
            - Id: B
              Name: B
              Fields:
                - {Key: type, StringValue: ShellCommandActivity}
                - {Key: runsOn, RefValue: Ec2}
            - Id: B
              Name: B
              Fields: !If
                - Large
                - [{Key: type, StringValue: ShellCommandActivity}, {Key: runsOn, RefValue: Big}]
                - - {Key: type, StringValue: ShellCommandActivity}
                  - !If
                    - Odd
                    - {Key: runsOn, RefValue: !If [Large, Big, Small]}
                    - {Key: workerGroup, StringValue: own}
        - !If
          - Prod
          - {Id: Spare, Name: Spare, Fields: [{Key: type, StringValue: Ec2Resource}]}
          - Id: C
            Name: C
            Fields:
              - {Key: type, StringValue: ShellCommandActivity}
              - {Key: workerGroup, StringValue: own}
              - !If [Odd, {Key: runsOn, RefValue: Ec2}, !Ref AWS::NoValue]
"""


@pytest.mark.parametrize("text", [CHOICES, CHOICES.replace("\n", "\r\n")])
def test_both_branches_of_a_condition_are_converted(round_trip: RoundTrip, text: str) -> None:
    converted = round_trip(text, "--only-supported")
    record = [line for line in converted.splitlines() if "convertedFrom" in line]
    rest = "\n".join(line for line in converted.splitlines() if line not in record)
    assert "runsOn" not in rest
    assert "Id: Ec2" not in rest
    assert "Big" not in rest
    assert "Small" not in rest
    assert "- !Ref AWS::NoValue\n" in rest
    assert rest.count("StringValue: etl") == 4
    assert rest.count("StringValue: own") == 2
    assert "- !If [Odd, !Ref AWS::NoValue, !Ref AWS::NoValue]" in rest


def test_lists_of_objects_may_depend_on_a_condition(round_trip: RoundTrip) -> None:
    objects = TEMPLATE["Resources"]["Pipe"]["Properties"]["PipelineObjects"]  # type: ignore[index]
    template = json.loads(json.dumps(TEMPLATE))
    spare = {"Id": "Ec2", "Name": "Ec2", "Fields": [{"Key": "type", "StringValue": "Ec2Resource"}]}
    template["Resources"]["Pipe"]["Properties"]["PipelineObjects"] = {
        "Fn::If": ["Prod", [spare, *objects], objects]
    }
    text = json.dumps(template, indent=2)
    converted = json.loads(round_trip(text))
    branches = converted["Resources"]["Pipe"]["Properties"]["PipelineObjects"]["Fn::If"][1:]
    assert branches[0] == branches[1]
    assert {"Key": "workerGroup", "StringValue": GROUP} in branches[0][0]["Fields"]


@pytest.mark.parametrize(
    "comment", ['"the nightly one"', '{"owner": "me"}', "[1, 2]", '[{"a": 1}]', "null", '""']
)
def test_a_comment_of_terraform_stays(round_trip: RoundTrip, comment: str) -> None:
    text = json.dumps(TERRAFORM, indent=2).replace('"pipeline_id"', f'"//": {comment}, "pipeline_id"')
    assert comment in round_trip(text)


def test_terraform_may_write_both_values(round_trip: RoundTrip) -> None:
    text = json.dumps(TERRAFORM).replace('"ref_value": "Ec2"', '"ref_value": "Ec2", "string_value": ""')
    converted = round_trip(text)
    assert '{"key": "workerGroup", "string_value": "etl"}' in converted


@pytest.mark.parametrize("document", [PLAN, {"values": PLAN["planned_values"]}])
def test_what_terraform_does_not_read_back_is_refused(
    document: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(document))
    assert main([str(file)]) == 2
    told = capsys.readouterr().err
    assert "*.tf.json" in told
    assert len(told.splitlines()) == 1


def test_converted_twice_it_still_comes_back(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.json" for number in range(5)]
    paths[0].write_text(PRETTY)
    assert main(["--only-supported", "--output", str(paths[1]), str(paths[0])]) == 0
    activity = {"id": "New", "type": "ShellCommandActivity", "runsOn": {"ref": "Box"}}
    more = f",\n{json.dumps(activity)}, {json.dumps({'id': 'Box', 'type': 'Ec2Resource'})}"
    added = paths[1].read_text().replace("\n    ] ,", f"{more}\n    ] ,")
    paths[2].write_text(added)
    assert main(["--output", str(paths[3]), str(paths[2])]) == 0
    assert main(["--back", "--output", str(paths[4]), str(paths[3])]) == 0
    assert paths[4].read_text() == PRETTY.replace("\n    ] ,", f"{more}\n    ] ,")
    # A conversion with nothing to do keeps the record.
    assert main(["--output", str(paths[3]), str(paths[1])]) == 0
    assert paths[3].read_text() == paths[1].read_text()


def test_what_was_edited_since_comes_back_with_its_edits(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.json" for number in range(3)]
    paths[0].write_text(PRETTY)
    assert main(["--output", str(paths[1]), str(paths[0])]) == 0
    found = json.loads(paths[1].read_text())
    found["objects"].append({"id": "New", "type": "ShellCommandActivity", "workerGroup": "etl"})
    found["objects"][1]["command"] = "false"
    paths[1].write_text(json.dumps(found, indent=3))
    assert main(["--back", "--output", str(paths[2]), str(paths[1])]) == 0
    expected = json.loads(PRETTY)
    expected["objects"][2]["command"] = "false"
    expected["objects"].append(found["objects"][-1])
    assert json.loads(paths[2].read_text()) == expected


def test_an_anchor_that_is_needed_elsewhere_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    within = "- &kind {Key: a, StringValue: b}\n            - Key: type\n              StringValue: Ec2R"
    file = tmp_path / "template.yaml"
    text = BLOCKS.replace("- &kind {", "- {").replace(within.partition("\n            ")[2], within)
    file.write_text(text)
    assert main([str(file)]) == 2
    told = capsys.readouterr().err
    assert "anchor &kind has to go" in told
    assert len(told.splitlines()) == 1


def test_standard_input_and_output_are_bytes(tmp_path: Path, capfdbinary: Any, monkeypatch: Any) -> None:
    text = "\ufeff" + PRETTY.replace("\n", "\r\n")
    file = tmp_path / "in"
    file.write_bytes(text.encode())
    with file.open(encoding="ascii", errors="replace") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert main(["--no-record", "-"]) == 0
    out = capfdbinary.readouterr().out
    assert out.startswith(b"\xef\xbb\xbf{\r\n")
    assert b'"workerGroup" : "etl"\r\n' in out


# Texts of any spelling, from the same few objects.
TYPES = ["ShellCommandActivity", "Ec2Resource", "EmrCluster", "HttpProxy", "S3DataNode", "NoSuch", "Default"]
IDS = ["A", "B", "Ec2", 'é"\\/', "x y"]
SPACE = st.text(" \t\n\r", max_size=3)
NUMBERS = st.sampled_from(["1.0", "1e3", "-0", "12345678901234567890123", "true", "null", "1E-2", "[]", "{}"])


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    def space() -> str:
        return draw(SPACE)

    def string(text: str) -> str:
        spelled = json.dumps(text, ensure_ascii=draw(st.booleans()))
        return spelled.replace("/", draw(st.sampled_from(["/", "\\/", "\\u002f"])))

    def members(pairs: list[tuple[str, str]]) -> str:
        body = ",".join(f"{space()}{string(key)}{space()}:{space()}{value}{space()}" for key, value in pairs)
        return f"{{{body or space()}}}"

    def ref(name: str) -> str:
        one = members([("ref", string(name))])
        return one if draw(st.booleans()) else f"[{space()}{one}{space()}]"

    def one(object_id: str) -> str:
        pairs = [("id", string(object_id)), ("type", string(draw(st.sampled_from(TYPES))))]
        if draw(st.booleans()):
            pairs.append(("runsOn", ref(draw(st.sampled_from(IDS)))))
        if draw(st.booleans()):
            pairs.append(("workerGroup", string("old")))
        if draw(st.booleans()):
            pairs.append(("httpProxy", ref(draw(st.sampled_from(IDS)))))
        if draw(st.booleans()):
            pairs.append(("*password", string("sesame/é")))
        if draw(st.booleans()):
            pairs.append(("myOdd", draw(NUMBERS)))
        return members(draw(st.permutations(pairs)))

    ids = draw(st.lists(st.sampled_from(IDS), unique=True, max_size=5))
    written = draw(st.permutations([members([("id", string("Default"))]), *map(one, ids)]))
    objects = ",".join(f"{space()}{each}{space()}" for each in written)
    pairs = [("objects", f"[{objects}]"), ("myUnknown", draw(NUMBERS))]
    return f"{space()}{members(draw(st.permutations(pairs)))}{space()}"


SETTINGS = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SETTINGS
@given(json_texts(), st.booleans())
def test_any_json_comes_back(round_trip: RoundTrip, text: str, secrets: bool) -> None:
    round_trip(text, *(["--secrets"] if secrets else []))


@st.composite
def templates(draw: st.DrawFn) -> str:
    """CloudFormation in YAML: blocks and flows, comments, quotes, empty lines."""

    def scalar(text: str) -> str:
        styles = ["'{}'", '"{}"', *([] if text.startswith("*") or " " in text else ["{}"])]
        return draw(st.sampled_from(styles)).format(text)

    def comment() -> str:
        return draw(st.sampled_from(["", "", "  # - Key: runsOn", " #"]))

    def between(indent: int) -> list[str]:
        return draw(st.sampled_from([[], [], [""], [" " * indent + "# between: - x"], ["# at the edge", ""]]))

    def entry(key: str, member: str, value: str, indent: int) -> list[str]:
        if draw(st.booleans()):
            gap = draw(st.sampled_from([", ", " , ", ",\n" + " " * (indent + 3)]))
            return [" " * indent + f"- {{Key: {scalar(key)}{gap}{member}: {scalar(value)}}}{comment()}"]
        begin = " " * indent
        if key == "command":
            style = draw(st.sampled_from(["|", "|-", ">", "|+"]))
            body = [f"{begin}    {line}".rstrip() for line in ("set -e  # x", "", "- run")]
            return [f"{begin}- Key: {scalar(key)}{comment()}", f"{begin}  {member}: {style}", *body]
        return [
            f"{begin}-   Key: {scalar(key)}{comment()}",
            *between(indent),
            f"{begin}    {member}: {scalar(value)}{comment()}",
        ]

    def one(object_id: str, indent: int) -> list[str]:
        fields = [("type", "StringValue", draw(st.sampled_from(TYPES)))]
        if draw(st.booleans()):
            fields.append(("runsOn", "RefValue", draw(st.sampled_from(["A", "Ec2", "x y"]))))
        if draw(st.booleans()):
            fields.append(("workerGroup", "StringValue", "old"))
        if draw(st.booleans()):
            fields.append(("*password", "StringValue", "sesame"))
        if draw(st.booleans()):
            fields.append(("command", "StringValue", "true"))
        lines = [" " * indent + f"- Id: {scalar(object_id)}{comment()}", " " * (indent + 2) + "Name: n"]
        lines.append(" " * (indent + 2) + f"Fields:{comment()}")
        for field in draw(st.permutations(fields)):
            lines += [*between(indent), *entry(*field, indent + draw(st.just(2)))]
        return lines

    indent = draw(st.sampled_from([6, 8]))
    lines = ["Resources:", "  P:", "    Type: AWS::DataPipeline::Pipeline", "    Properties:"]
    lines.append(f"      PipelineObjects:{comment()}")
    objects = [[" " * indent + "- {Id: Default, Name: n}"]]
    objects += [
        one(each, indent)
        for each in draw(st.lists(st.sampled_from(["A", "B", "Ec2", "x y"]), unique=True, max_size=4))
    ]
    for each in draw(st.permutations(objects)):
        lines += [*between(indent), *each]
    lines += between(0)
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n", "\n# end"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


@SETTINGS
@given(templates(), st.booleans())
def test_any_yaml_comes_back(round_trip: RoundTrip, text: str, secrets: bool) -> None:
    round_trip(text, *(["--secrets"] if secrets else []))
