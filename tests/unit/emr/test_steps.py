"""The steps of each type, as plain data."""

from __future__ import annotations

import pytest

from emr import emr_steps, hadoop, hive, hive_copy, pig, streaming
from emr.dynamodb_types import extracted
from emr.guarded import guarded, tag
from emr.naming import Names
from emr.steps import COMMAND_RUNNER, MAX_TEXT, Step, checked, refuse_long_texts
from local.emr import hive as hive_program
from local.emr import hive_script
from local.emr.pig import _parameter
from runner.fields import FieldError
from runner.outcome import TaskFailed
from runner.task import Task
from runner.testing import FieldValue, Ref
from tests.unit.emr.tasks import Objects, task_of, words_of

S3_NODE: dict[str, FieldValue] = {"type": "S3DataNode", "directoryPath": "s3://b/d"}
CSV: dict[str, FieldValue] = {"type": "CSV", "column": ["id INT", "name STRING"]}


def test_the_commands_of_an_emr_activity_come_around_its_steps() -> None:
    steps = emr_steps.steps_of(
        task_of({"step": ["a.jar,x", "b.jar"], "preStepCommand": ["one", "two"], "postStepCommand": "three"})
    )
    assert [(step.jar, words_of(step) or step.arguments) for step in steps] == [
        ("command-runner.jar", ["one"]),
        ("command-runner.jar", ["two"]),
        ("a.jar", ("x",)),
        ("b.jar", ()),
        ("command-runner.jar", ["three"]),
    ]
    assert [step.what for step in steps[::4]] == ["preStepCommand", "postStepCommand"]
    with pytest.raises(FieldError, match="'step': it is missing"):
        emr_steps.steps_of(task_of({}))


def test_the_guides_hadoop_activity() -> None:
    config: dict[str, FieldValue] = {
        "type": "ShellScriptConfig",
        "scriptUri": "s3://test-bucket/scripts/preTaskScript.sh",
        "scriptArgument": ["test", "argument"],
    }
    arguments = ["-files", "s3://x/wordSplitter.py", "-mapper", "wordSplitter.py", "-reducer", "aggregate"]
    steps = hadoop.steps_of(
        task_of(
            {
                "jarUri": "/home/hadoop/contrib/streaming/hadoop-streaming.jar",
                "argument": arguments,
                "hadoopQueue": "high",
                "preActivityTaskConfig": Ref("Pre"),
                "postActivityTaskConfig": Ref("Pre"),
            },
            {"Pre": config},
        )
    )
    scripts = ["s3://test-bucket/scripts/preTaskScript.sh", "test", "argument"]
    tagged = ["hadoop-streaming", "-D", f"mapreduce.job.tags={tag(task_of({}))}"]
    assert [words_of(step) for step in steps] == [
        scripts,
        [*tagged, "-D", "mapreduce.job.queuename=high", *arguments],
        scripts,
    ]


def test_the_guides_streaming_step_runs_the_program_of_later_releases() -> None:
    (step,) = emr_steps.steps_of(
        task_of(
            {
                "step": "/home/hadoop/contrib/streaming/hadoop-streaming.jar,-input,s3n://in,-output,"
                "s3://out/2026-01-31T00:00:00,-mapper,s3n://b/wordSplitter.py,-reducer,aggregate"
            }
        )
    )
    assert step.jar == "command-runner.jar"
    assert words_of(step) == [
        *("hadoop-streaming", "-D", f"mapreduce.job.tags={tag(task_of({}))}"),
        *("-files", "s3n://b/wordSplitter.py", "-input", "s3n://in"),
        *("-output", "s3://out/2026-01-31T00:00:00", "-mapper", "wordSplitter.py", "-reducer", "aggregate"),
    ]


def test_an_application_of_spark_has_the_tasks_tag() -> None:
    (step,) = emr_steps.steps_of(
        task_of({"step": "command-runner.jar,spark-submit,--class,a.B,s3://b/x.jar,"})
    )
    assert words_of(step) == [
        *("spark-submit", "--conf", f"spark.yarn.tags={tag(task_of({}))}"),
        *("--class", "a.B", "s3://b/x.jar", ""),
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["-mapper", "cat", "-reducer", "NONE"], ["-mapper", "cat", "-reducer", "NONE"]),
        (
            ["-files", "s3://b/x.txt,s3://b/m.py", "-mapper", "s3://b/m.py", "-combiner", "s3a://b/c.py"],
            ["-files", "s3://b/x.txt,s3://b/m.py,s3a://b/c.py", "-mapper", "m.py", "-combiner", "c.py"],
        ),
        (["-mapper", "cat s3://b/m.py"], ["-mapper", "cat s3://b/m.py"]),
        (["-input", "s3://b/m.py", "-mapper"], ["-input", "s3://b/m.py", "-mapper"]),
    ],
)
def test_scripts_of_streaming_jobs_become_files(given: list[str], expected: list[str]) -> None:
    assert streaming.arguments_of(given) == expected


def test_a_jar_with_a_main_class() -> None:
    (step,) = hadoop.steps_of(
        task_of({"jarUri": "s3://b/my.jar", "mainClass": "a.B", "argument": "it's; $x"})
    )
    assert step.request == {"Jar": "s3://b/my.jar", "MainClass": "a.B", "Args": ["it's; $x"]}


def test_hive_gets_variables_and_the_queue_as_arguments_of_their_own() -> None:
    (step,) = hive.steps_of(
        task_of(
            {
                "hiveScript": "SELECT '${A}'",
                "scriptVariable": ["A=it's; $(rm -rf /)", "B=", "C=x=y"],
                "hadoopQueue": "low priority",
                "stage": "false",
            }
        )
    )
    words = words_of(step)
    assert step.jar == "command-runner.jar"
    assert step.arguments[:2] == ("bash", "-c")
    assert words[:4] == ["", "SELECT '${A}'", "", ""]
    assert words[4:] == [
        *("-hiveconf", "mapreduce.job.queuename=low priority", "-hiveconf", "tez.queue.name=low priority"),
        *("--hivevar", "A=it's; $(rm -rf /)", "--hivevar", "B=", "--hivevar", "C=x=y"),
    ]


def test_a_script_in_s3_is_fetched_by_the_step() -> None:
    (step,) = hive.steps_of(task_of({"scriptUri": "s3://b/my script.q"}))
    assert words_of(step)[1:3] == ["", "s3://b/my script.q"]
    (step,) = pig.steps_of(task_of({"scriptUri": "s3://b/my.pig"}))
    assert words_of(step)[1:3] == ["", "s3://b/my.pig"]


@pytest.mark.parametrize("value", ['"', 'x"', '"x"', 'it\'s ""', '${B}"', 'ü"'])
def test_a_quote_at_the_end_of_a_variable_stays(value: str) -> None:
    (step,) = hive.steps_of(
        task_of({"hiveScript": "x", "stage": "false", "scriptVariable": [f"A={value}", "B=b"]})
    )
    options = words_of(step)[4:]
    known = hive_program.pairs(options[1::2])
    assert hive_script.substituted("${A}", known, {}) == value.replace("${B}", "b")
    assert hive_script.substituted("${hivevar:A}", known, {}) == value.replace("${B}", "b")


def test_pig_compresses_all_outputs_or_none() -> None:
    objects: Objects = {"One": {**S3_NODE, "compression": "gzip"}, "Two": S3_NODE}
    given: dict[str, FieldValue] = {"script": "x", "stage": "true"}
    with pytest.raises(FieldError, match="give them one compression"):
        pig.steps_of(task_of({**given, "output": [Ref("One"), Ref("Two")]}, objects))
    (step,) = pig.steps_of(task_of({**given, "input": Ref("Two"), "output": Ref("One")}, objects))
    assert "SET output.compression.enabled true;" in words_of(step)[3]


@pytest.mark.parametrize("variable", ["", "A", "=x", "a-b=1", "1a=x", "a b=1"])
def test_a_variable_of_another_form_is_refused(variable: str) -> None:
    for module, script in ((hive, "hiveScript"), (pig, "script")):
        with pytest.raises(FieldError, match="NAME=value is expected"):
            module.steps_of(task_of({script: "x", "scriptVariable": variable}))


def hive_task(
    node: dict[str, FieldValue], format_of: dict[str, FieldValue] | None = None, **more: FieldValue
) -> hive.HiveWork:
    objects: Objects = {"In": node, "Out": S3_NODE, "Format": format_of or CSV}
    return hive.work_of(
        task_of({"hiveScript": "x", "input": Ref("In"), "output": Ref("Out"), **more}, objects)
    )


def test_tables_are_dropped_and_their_data_stays() -> None:
    work = hive_task({**S3_NODE, "dataFormat": Ref("Format")})
    created = [text for text in work.before if text.startswith("CREATE")]
    assert len(created) == 2
    assert all("EXTERNAL" in text and "'external.table.purge'='false'" in text for text in created)
    assert list(work.after) == [text for text in work.before if text.startswith("DROP")]
    names = dict(work.variables)
    assert names["input1"] == names["INPUT1"]
    assert names["input1"] in created[0]
    assert names["output1"] in created[1]


@pytest.mark.parametrize(
    ("node", "format_of", "problem"),
    [
        ({"type": "S3DataNode", "filePath": "s3://b/f"}, CSV, "a directoryPath"),
        ({"type": "S3DataNode", "manifestFilePath": "s3://b/f"}, CSV, "a directoryPath"),
        ({"type": "MySqlDataNode", "table": "t"}, CSV, "is a MySqlDataNode"),
        ({**S3_NODE, "dataFormat": Ref("Format")}, {**CSV, "column": "a;b INT"}, "cannot be a name"),
        ({**S3_NODE, "dataFormat": Ref("Format")}, {**CSV, "column": "`a``b` INT"}, "cannot be a name"),
        ({**S3_NODE, "dataFormat": Ref("Format")}, {**CSV, "column": '"${x}" INT'}, "cannot be a name"),
        ({**S3_NODE, "dataFormat": Ref("Format")}, {**CSV, "column": ["a INT", "A INT"]}, "twice"),
        ({**S3_NODE, "dataFormat": Ref("Format")}, {**CSV, "column": "a UUID"}, "Hive has no type UUID"),
        (
            {**S3_NODE, "dataFormat": Ref("Format")},
            {"type": "Custom", "columnSeparator": "€", "column": "a INT"},
            "ASCII",
        ),
        (
            {**S3_NODE, "dataFormat": Ref("Format")},
            {"type": "Custom", "columnSeparator": ";", "recordSeparator": "|", "column": "a INT"},
            "alone",
        ),
        (
            {**S3_NODE, "dataFormat": Ref("Format")},
            {"type": "DynamoDBDataFormat", "column": "a INT"},
            "knows CSV",
        ),
        (
            {"type": "DynamoDBDataNode", "tableName": "t", "dataFormat": Ref("Format")},
            CSV,
            "is a DynamoDBDataNode",
        ),
    ],
)
def test_what_hive_cannot_have_is_refused(
    node: dict[str, FieldValue], format_of: dict[str, FieldValue], problem: str
) -> None:
    with pytest.raises((FieldError, TaskFailed), match=problem):
        hive_task(node, format_of)


@pytest.mark.parametrize(
    "condition",
    ["a = 1; DROP TABLE x", "a = 1) OR (1 = 1", "(a = 1", "", "a = 'x"],
)
def test_a_filter_that_would_end_the_statement_is_refused(condition: str) -> None:
    with pytest.raises(FieldError, match="one condition is expected"):
        hive_copy.work_of(copy_task(filterSql=condition))


def copy_task(**fields: FieldValue) -> Task:
    node: dict[str, FieldValue] = {
        "type": "DynamoDBDataNode",
        "tableName": "it's; ${x}",
        "dataFormat": Ref("Items"),
    }
    objects: Objects = {
        "In": node,
        "Out": S3_NODE,
        "Items": {"type": "DynamoDBExportDataFormat", "column": "timeStamp BIGINT"},
    }
    return task_of({"input": Ref("In"), "output": Ref("Out"), **fields}, objects)


def test_a_copy_reads_whole_items_and_filters_by_columns() -> None:
    work = hive_copy.work_of(copy_task(filterSql="`timeStamp` > 5 -- (;"))
    assert "'dynamodb.table.name'='it\\047s\\073 \\044\\173x\\175'" in "\n".join(work.before)
    assert "get_json_object(item['timeStamp'], '\\044.n') AS BIGINT) AS `timeStamp`" in work.statement
    assert work.statement.endswith("WHERE (\n`timeStamp` > 5 -- (\\;\n);")


def copy_statements(**nodes: dict[str, FieldValue]) -> list[str]:
    table: dict[str, FieldValue] = {
        "type": "DynamoDBDataNode",
        "tableName": "t",
        "dataFormat": Ref("Items"),
    }
    objects: Objects = {
        **{name: {**table, **fields} for name, fields in nodes.items()},
        "Items": {"type": "DynamoDBExportDataFormat"},
    }
    return list(hive_copy.work_of(task_of({"input": Ref("In"), "output": Ref("Out")}, objects)).before)


def test_each_table_has_the_throughput_that_its_own_node_allows() -> None:
    both: dict[str, FieldValue] = {"readThroughputPercent": "0.9", "writeThroughputPercent": "1"}
    statements = copy_statements(In={**both, "readThroughputPercent": "0.25"}, Out=both)
    assert not [text for text in statements if text.startswith("SET")]
    source, target = [text for text in statements if text.startswith("CREATE")]
    assert "'dynamodb.throughput.read.percent'='0.25'" in source
    assert "write.percent" not in source
    assert "'dynamodb.throughput.write.percent'='1'" in target
    assert "read.percent" not in target
    with pytest.raises(FieldError, match=r"0\.1 to 1\.0"):
        copy_statements(In={"writeThroughputPercent": "0"}, Out={})


def connected(*columns: str) -> str:
    """The columns of a table of EMR's connector to DynamoDB."""
    node: dict[str, FieldValue] = {
        "type": "DynamoDBDataNode",
        "tableName": "t",
        "dataFormat": Ref("Format"),
    }
    work = hive_task(node, {"type": "DynamoDBDataFormat", "column": list(columns)})
    (created,) = [text for text in work.before if "dynamodb.table.name" in text]
    return created.partition("(")[2].partition(")\n")[0]


def test_columns_of_dynamodb_have_types_of_the_connector_that_lose_nothing() -> None:
    assert connected("a STRING", "b BIGINT", "c DOUBLE", "d BINARY", "e BOOLEAN") == (
        "`a` STRING, `b` BIGINT, `c` DOUBLE, `d` BINARY, `e` BOOLEAN"
    )
    assert connected(
        "a INT", "b SMALLINT", "c TINYINT", "d FLOAT", "e VARCHAR(9)", "f CHAR(2)", "g REAL"
    ) == ("`a` BIGINT, `b` BIGINT, `c` BIGINT, `d` DOUBLE, `e` STRING, `f` STRING, `g` DOUBLE")


@pytest.mark.parametrize(
    ("kind", "advice"), [("DECIMAL(38,2)", "use DOUBLE"), ("DATE", "use STRING"), ("TIMESTAMP", "use STRING")]
)
def test_a_type_that_the_connector_cannot_hold_is_refused(kind: str, advice: str) -> None:
    with pytest.raises(FieldError, match=advice):
        connected(f"a {kind}")


@pytest.mark.parametrize(
    ("kind", "expression"),
    [
        ("STRING", "get_json_object(item['a'], '\\044.s')"),
        ("BIGINT", "CAST(get_json_object(item['a'], '\\044.n') AS BIGINT)"),
        ("VARCHAR(5)", "CAST(get_json_object(item['a'], '\\044.s') AS VARCHAR(5))"),
        ("DATE", "CAST(get_json_object(item['a'], '\\044.s') AS DATE)"),
        ("BINARY", "unbase64(get_json_object(item['a'], '\\044.b'))"),
        (
            "BOOLEAN",
            "(coalesce(get_json_object(item['a'], '\\044.bOOL'), get_json_object(item['a'], '\\044.n')) "
            "NOT IN ('false', '0'))",
        ),
    ],
)
def test_a_filter_reads_an_attribute_by_the_member_of_its_type(kind: str, expression: str) -> None:
    assert extracted(kind, "a") == expression


def test_a_semicolon_in_the_text_of_a_filter_does_not_end_the_statement() -> None:
    work = hive_copy.work_of(copy_task(filterSql="id = 'a;b' OR id = \"it's;\""))
    (statement,) = hive_script.statements(work.statement)
    assert statement.endswith("WHERE (\nid = 'a;b' OR id = \"it's;\"\n)")


HOSTILE = [
    "it's",
    "`id`",
    "two words",
    "=x",
    "#x",
    "",
    "a'b\"c",
    "\\u0041",
    "\\'",
    "ü\n\t日",
    "x'y\\'z",
    '"',
    "-param",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_pig_gets_the_values_of_variables_as_they_are(value: str) -> None:
    (step,) = pig.steps_of(task_of({"script": "x", "scriptVariable": f"A={value}"}))
    assert words_of(step)[-2] == "-param"
    assert _parameter(words_of(step)[-1]) == ("A", value)


def test_values_that_pig_has_in_quotes_stay_so() -> None:
    given = ["A='two words'", 'B="x"']
    (step,) = pig.steps_of(task_of({"script": "x", "scriptVariable": given}))
    assert words_of(step)[-3::2] == given
    assert _parameter(words_of(step)[-1]) == ("B", "x")
    with pytest.raises(FieldError, match="ends in a backslash"):
        pig.steps_of(task_of({"script": "x", "scriptVariable": "A=x\\"}))


def test_a_script_may_write_an_export_of_whole_items() -> None:
    work = hive_task(
        {**S3_NODE, "dataFormat": Ref("Format")}, {"type": "DynamoDBExportDataFormat", "column": "a INT"}
    )
    assert "(item MAP<STRING,STRING>)\nSTORED AS TEXTFILE LOCATION 's3://b/d/'" in "\n".join(work.before)


def test_a_copy_between_files_is_refused() -> None:
    objects: Objects = {"In": S3_NODE, "Out": S3_NODE}
    with pytest.raises(TaskFailed, match="From a S3DataNode to a S3DataNode"):
        hive_copy.work_of(task_of({"input": Ref("In"), "output": Ref("Out")}, objects))


def test_an_argument_that_emr_refuses_for_its_length_is_told() -> None:
    room = MAX_TEXT - len(COMMAND_RUNNER)
    refuse_long_texts([Step(COMMAND_RUNNER, ("x" * (room - 10), "y" * 10), what="fits")])
    with pytest.raises(TaskFailed, match="10,241 characters"):
        refuse_long_texts([Step(COMMAND_RUNNER, ("x" * (room - 10), "y" * 11), what="long")])


@pytest.mark.parametrize("word", ["canary-81d2", "ü canary-81d2"])
def test_a_secret_in_a_word_is_found_however_the_word_is_handed_on(word: str) -> None:
    task = task_of({"*myPassword": "canary-81d2"})
    with pytest.raises(TaskFailed) as refused:
        checked(task, [guarded(task, "true", [word], what="x")])
    assert refused.value.error_id == "SecretInStep"


def test_names_tell_the_attempts_of_an_instance_apart() -> None:
    first, second = (
        Names.of(task_of({"@instanceParent": Ref("@Nightly_1"), "@componentParent": Ref("Nightly")}))
        for _ in range(2)
    )
    assert first == second
    name = first.step(2, 3)
    assert name.startswith("Nightly 2/3 [")
    assert first.is_own(name)
    other = Names(first.component, first.instance, "0123456789abcdef")
    assert other.is_of_other_attempt(name)
    assert not other.is_own(name)
    assert not first.is_of_other_attempt(name)
    assert len(Names("é" * 400, first.instance, first.attempt).step(1, 1)) <= 256
    assert first.is_own(Names("é" * 400, first.instance, first.attempt).step(1, 1))
