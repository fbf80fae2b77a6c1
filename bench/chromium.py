"""Headless Chromium, driven through its DevTools protocol: what the console looks like, how fast it is.

The protocol goes through two pipes (--remote-debugging-pipe), so no port is open and no library is needed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_SECONDS = 60.0
TALLEST = 6000
"""Pixels. A screenshot shows no more of a page."""


def installed() -> str | None:
    """Chromium on PATH; on Debian it is the package ``chromium``."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One page. ``errors`` collects uncaught exceptions, and what the browser itself complains about."""

    def __init__(self, connection: _Connection, session: str) -> None:
        self._connection = connection
        self._session = session
        self.errors = connection.errors
        for domain in ("Page", "Runtime", "Log"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol. Raises RuntimeError if Chromium refuses it, TimeoutError."""
        return self._connection.call(method, parameters, self._session)

    def look(self, *, width: int, height: int = 900, dark: bool = False) -> None:
        """Set the size of the window in pixels, and the colour scheme."""
        self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.do("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        """Load a page anew, even if only the part after ``#`` differs."""
        self.do("Page.navigate", url="about:blank")
        self.do("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """The value of JavaScript, of a promise what it resolves to. Raises RuntimeError if it throws."""
        result = self.do("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, condition: str, what: str = "") -> Any:
        """Wait until JavaScript yields a true value, and return it. Raises TimeoutError."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        # An element has no value in JSON.
        asked = f"(value => value instanceof Node ? true : value)({condition})"
        while not (value := self.evaluate(asked)):
            if time.monotonic() > deadline:
                text = self.evaluate("document.body?.innerText")
                raise TimeoutError(f"{what or condition}: {text}; {self.errors}")
            time.sleep(0.05)
        return value

    def screenshot(self, path: Path) -> None:
        """Write a PNG of the whole page."""
        metrics = self.do("Page.getLayoutMetrics")["cssContentSize"]
        clip = {
            "x": 0,
            "y": 0,
            "width": metrics["width"],
            "height": min(metrics["height"], TALLEST),
            "scale": 1,
        }
        taken = self.do("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(taken["data"]))


@contextlib.contextmanager
def page(chromium: str) -> Iterator[Page]:
    """A page in a new Chromium, which is ended at the end of the block."""
    to_browser, from_browser = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as home:
        options = [
            "--headless",
            "--no-sandbox",  # Root has none; the page is this project's own.
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
            f"--user-data-dir={home}",
        ]
        # Chromium reads from descriptor 3 and writes to 4.
        run = f'exec "$@" 3<&{to_browser[0]} 4>&{from_browser[1]}'
        process = subprocess.Popen(
            ["bash", "-c", run, "bash", chromium, *options, "about:blank"],
            pass_fds=(to_browser[0], from_browser[1]),
            env=os.environ | {"HOME": home},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser[0])
        os.close(from_browser[1])
        try:
            connection = _Connection(reading=from_browser[0], writing=to_browser[1])
            target = connection.call("Target.createTarget", {"url": "about:blank"})["targetId"]
            attached = connection.call("Target.attachToTarget", {"targetId": target, "flatten": True})
            yield Page(connection, attached["sessionId"])
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)
            os.close(to_browser[1])
            os.close(from_browser[0])


class _Connection:
    """Messages are JSON, each ended by a zero byte."""

    def __init__(self, *, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing
        self._buffer = b""
        self._last = 0
        self.errors: list[str] = []

    def call(
        self, method: str, parameters: dict[str, Any] | None = None, session: str | None = None
    ) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            got = self._next(deadline, method)
            if got.get("id") == self._last:
                break
            self._note(got)
        if "error" in got:
            raise RuntimeError(f"{method}: {got['error']}")
        result: dict[str, Any] = got["result"]
        return result

    def _next(self, deadline: float, method: str) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._reading], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"Chromium does not answer {method}")
            data = os.read(self._reading, 1 << 20)
            if not data:
                raise RuntimeError(f"Chromium ended before it answered {method}")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        details = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(details["exceptionDetails"]))
        if event.get("method") == "Log.entryAdded" and details["entry"]["level"] == "error":
            self.errors.append(f"{details['entry']['text']} {details['entry'].get('url', '')}")
