"""Draws the state machines, and what is around them, as an SVG picture for light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from local.architecture.graph import Edge, Graph

_WIDTH, _LEFT = 1150, 16
_BOX, _STEP, _ROW = (168, 40), 226, 54
_HEAD, _FOOT = 52, 34
_STYLE = """
  svg { --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #8c959f; --panel: #f6f8fa;
        --edge: #d1d9e0; --task: #fff1e0; --task-line: #d9730d; --call: #e7f1ff; --call-line: #2f6fd0;
        --end: #e3f6e8; --end-line: #2da44e; --plain: #ffffff }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0d1117; --ink: #e6edf3; --faint: #9198a1; --line: #6e7681; --panel: #151b23;
          --edge: #3d444d; --task: #3a2510; --task-line: #f0883e; --call: #10263f; --call-line: #58a6ff;
          --end: #10301b; --end-line: #3fb950; --plain: #212830 }
  }
  text { font-family: -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--ink) }
  .name { font-size: 12.5px; font-weight: 600; text-anchor: middle }
  .what { font-size: 10.5px; fill: var(--faint); text-anchor: middle }
  .label { font-size: 10px; text-anchor: middle; paint-order: stroke }
  .label { stroke: var(--panel); stroke-width: 4px }
  .title { font-size: 16px; font-weight: 600 } .note { font-size: 12px; fill: var(--faint) }
  .way { fill: none; stroke: var(--line); stroke-width: 1.4 }
  .panel { fill: var(--panel); stroke: var(--edge) }
  .task { fill: var(--task); stroke: var(--task-line) } .call { fill: var(--call); stroke: var(--call-line) }
  .end { fill: var(--end); stroke: var(--end-line) } .plain { fill: var(--plain); stroke: var(--line) }
"""
_ARROW = (
    '<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="var(--line)"/></marker>'
)


def draw(definitions: Mapping[str, Any]) -> str:
    """The picture of a PollLoop and of RunTask, by the names of their machines.

    Raises StopIteration if one of them is not there.
    """
    loop = next(name for name in sorted(definitions) if "-PollLoop-" in name)
    run = next(name for name in definitions if name.endswith("-RunTask"))
    upper = _Panel(
        Graph.of(definitions[loop]),
        "PollLoop",
        "one state machine per worker group; EventBridge Scheduler starts it at each tick",
        top=16,
    )
    lower = _Panel(
        Graph.of(definitions[run]),
        "RunTask",
        "one execution per task; each type has its handler, a Lambda function or a container",
        top=upper.bottom + 44,
    )
    height = lower.bottom + 16
    middle = (upper.bottom + lower.top) / 2 + 4
    x, y = upper.middle("StartTask")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" aria-label="PollLoop and RunTask, the two state machines">',
        f"<style>{_STYLE}</style><defs>{_ARROW}</defs>",
        f'<rect width="{_WIDTH}" height="{height}" fill="var(--paper)"/>',
        *upper.parts(),
        *lower.parts(),
        f'<path class="way" marker-end="url(#arrow)" '
        f'd="M{x + _BOX[0] / 2:.0f} {y - 8:.0f}H{x + _BOX[0] / 2 + 44:.0f}V{middle - 6:.0f}H{_LEFT + 76}'
        f'V{lower.top:.0f}"/>',
        f'<text class="note" x="{_LEFT + 88}" y="{middle + 10:.0f}">starts an execution, and does not wait '
        "for it</text>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Panel:
    """The area of one state machine."""

    def __init__(self, graph: Graph, title: str, note: str, top: float) -> None:
        self._graph = graph
        self._title = title
        self._note = note
        self.top = top
        self._rows = max(len(names) for names in graph.columns)
        self._height = _HEAD + self._rows * _ROW + _FOOT
        self.bottom = top + self._height

    def parts(self) -> Iterator[str]:
        yield (
            f'<rect class="panel" x="{_LEFT}" y="{self.top:.0f}" width="{_WIDTH - 2 * _LEFT}" '
            f'height="{self._height}" rx="8"/>'
        )
        yield f'<text class="title" x="{_LEFT + 16}" y="{self.top + 26:.0f}">{self._title}</text>'
        yield (
            f'<text class="note" x="{_LEFT + 28 + 10 * len(self._title)}" y="{self.top + 26:.0f}">'
            f"{escape(self._note)}</text>"
        )
        back = 0
        for edge in self._graph.edges:
            if self._graph.column(edge.target) > self._graph.column(edge.source):
                yield self._forward(edge)
            else:
                yield self._back(edge, back)
                back += 1
        for names in self._graph.columns:
            for name in names:
                yield self._box(name)

    def middle(self, name: str) -> tuple[float, float]:
        """The middle of a state's box."""
        column = self._graph.column(name)
        names = self._graph.columns[column]
        free = (self._rows - len(names)) / 2
        x = _LEFT + 16 + column * _STEP + _BOX[0] / 2
        return x, self.top + _HEAD + (names.index(name) + free) * _ROW + _ROW / 2

    def _box(self, name: str) -> str:
        x, y = self.middle(name)
        kind, what = _kind(self._graph.states[name])
        width, height = _BOX
        size = min(12.5, 12.5 * 20 / len(name))
        return (
            f'<rect class="{kind}" x="{x - width / 2:.0f}" y="{y - height / 2:.0f}" width="{width}" '
            f'height="{height}" rx="{20 if kind == "end" else 6}"/>'
            f'<text class="name" style="font-size:{size:.1f}px" x="{x:.0f}" y="{y - 2:.0f}">'
            f"{escape(name)}</text>"
            f'<text class="what" x="{x:.0f}" y="{y + 13:.0f}">{escape(what)}</text>'
        )

    def _forward(self, edge: Edge) -> str:
        (x1, y1), (x2, y2) = self.middle(edge.source), self.middle(edge.target)
        start, end = x1 + _BOX[0] / 2, x2 - _BOX[0] / 2
        # A way past a column leaves at the last gap, so that it crosses no box.
        bend = end - (_STEP - _BOX[0]) / 2
        over = self.top + _HEAD - 6 if end - start > _STEP else y1
        path = (
            f"M{start:.0f} {y1:.0f}L{end:.0f} {y2:.0f}"
            if over == y1
            else f"M{start:.0f} {y1:.0f}L{start + 14:.0f} {over:.0f}H{bend:.0f}L{end:.0f} {y2:.0f}"
        )
        return _way(path) + _label(edge.label, (start + end) / 2, (y1 + y2) / 2 + 3)

    def _back(self, edge: Edge, number: int) -> str:
        (x1, y1), (x2, y2) = self.middle(edge.source), self.middle(edge.target)
        right = x1 + _BOX[0] / 2
        below = self.bottom - 10 - 8 * (number % 3)
        aside = right + 8 + 5 * (number % 3)
        path = (
            f"M{right:.0f} {y1 + 8:.0f}H{aside:.0f}V{below:.0f}"
            f"H{x2 - 24 + 12 * (number % 3):.0f}V{y2 + _BOX[1] / 2:.0f}"
        )
        return _way(path) + _label(edge.label, (x1 + x2) / 2, below - 3)


def _kind(state: Mapping[str, Any]) -> tuple[str, str]:
    """How a state is drawn, and what it is."""
    resource = str(state.get("Resource", ""))
    if resource.endswith("lambda:invoke"):
        return "task", "Lambda function"
    if "ecs:runTask" in resource or state["Type"] == "Parallel":
        return "task", "container on AWS Fargate"
    if "datapipeline:" in resource:
        return "call", "call of Data Pipeline"
    if resource.endswith("startExecution"):
        return "call", "starts RunTask"
    what = {"Choice": "choice", "Wait": "wait", "Succeed": "end", "Fail": "end"}.get(state["Type"], "")
    return ("end" if what == "end" else "plain"), what


def _way(path: str) -> str:
    return f'<path class="way" marker-end="url(#arrow)" d="{path}"/>'


def _label(text: str, x: float, y: float) -> str:
    # The name of a route stands in its box.
    return f'<text class="label" x="{x:.0f}" y="{y:.0f}">{text}</text>' if text.isupper() else ""
