import aws_cdk as cdk
from datapipeline_runner import PythonHandler, TaskRunnerStack, WorkerGroup, shell_command

handlers = [
    ("ShellCommandActivity", shell_command()),
    ("count-words", PythonHandler(path="count_words.py")),
]
app = cdk.App()
TaskRunnerStack(app, "TaskRunner", worker_groups=[WorkerGroup("etl")], handlers=handlers)
app.synth()
