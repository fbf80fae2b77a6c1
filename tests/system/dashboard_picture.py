"""Makes docs/images/dashboard.svg: `python -m tests.system.dashboard_picture`, about six minutes.

The stack of monitored_app runs a mixed load on local AWS, with some failures in the middle.
"""

from __future__ import annotations

import re
import tempfile
import time
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from local.dashboard import command
from local.launch import ROOT
from tests.local.commands import running
from tests.system.deployments import Deployment
from tests.system.pipelines import Fields, Pipeline, shell

PICTURE = ROOT / "docs" / "images" / "dashboard.svg"
APP = Path(__file__).parent / "monitored_app"
MINUTES = 4
TIME_SCALE = 60
PERIOD_SECONDS = 300 // TIME_SCALE
_PAUSE_SECONDS = 3
_TROUBLE = range(30, 40)
"""The rounds in which some tasks fail."""


def fixed_texts(picture: str) -> list[str]:
    """What a picture says whatever the metrics are: titles, alarms and the text above them, in order."""
    bold_and_alarms = (
        r"<text [^>]*(?:font-weight='bold'|font-size='11' fill='white'|font-size='12')[^>]*>([^<]*)"
    )
    return [unescape(text) for text in re.findall(bold_and_alarms, picture)]


def legends(picture: str) -> dict[str, list[str]]:
    """The labels of each graph's lines, by its title."""
    found = {}
    for box in picture.split("<g ")[1:]:
        texts = re.findall(
            r"<text [^>]*font-size='(\d+)' fill='#16191f' font-weight='(\w+)'[^>]*>([^<]*)", box
        )
        titles = [text for _, weight, text in texts if weight == "bold"]
        labels = [unescape(text) for size, weight, text in texts if weight == "normal" and size != "12"]
        if titles and labels:
            found[unescape(titles[0])] = labels
    return found


def main() -> None:
    """Run the load, and draw the dashboard."""
    scale = ("--time-scale", str(TIME_SCALE))
    asleep = ("--context", "schedule=rate(5 minutes)", "--context", "pollTimeout=10")
    with (
        tempfile.TemporaryDirectory() as home,
        running("up", "--port", "0", *scale, *asleep, directory=APP) as up,
    ):
        deployment = Deployment(up.ready(), Path(home), up.process.pid)
        until = time.monotonic() + MINUTES * 60
        number = 0
        while time.monotonic() < until:
            Pipeline.activated(deployment, _tasks(number), worker_group="orders")
            number += 1
            time.sleep(_PAUSE_SECONDS)
        port = str(urlsplit(deployment.endpoint_url).port)
        written = ["--output", str(PICTURE), "--port", port]
        command.main([*written, "--minutes", str(MINUTES), "--period", str(PERIOD_SECONDS)])


def _tasks(number: int) -> dict[str, Fields]:
    tasks: dict[str, Fields] = {
        f"Load{number}": shell(f"sleep 0.{number % 9}"),
        f"Other{number}": shell("finish", myHandler="any-language"),
    }
    if number % 4 == 0:
        tasks[f"Boxed{number}"] = shell("sleep 0.5", myHandler="boxed")
    if number in _TROUBLE:
        tasks[f"Failing{number}"] = shell("exit 1")
        tasks[f"Crashing{number}"] = shell("crash", myHandler="any-language")
    if number == _TROUBLE[0]:
        tasks["Unhandled"] = {"type": "HadoopActivity", "jarUri": "s3://b/j.jar"}
    return tasks


if __name__ == "__main__":
    main()
