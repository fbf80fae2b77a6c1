"""Draws a dashboard as an SVG picture."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape

from local.dashboard.widgets import Series, Span, Widget

_COLUMN, _ROW, _GAP = 62, 42, 8
_COLUMNS = 24
_FONT = "font-family='Helvetica, Arial, sans-serif'"
_INK, _FAINT, _LINE, _PAPER = "#16191f", "#687078", "#d5dbdb", "#f2f3f3"
_COLOURS = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd"),
    *("#8c564b", "#e377c2", "#5f6b6d", "#bcbd22", "#17becf"),
    *("#0b2e59", "#ffbb78", "#98df8a", "#ff9896", "#c5b0d5"),
    *("#4b2e20", "#f7b6d2", "#c7c7c7", "#6b6b00", "#9edae5"),
)
_STATE_COLOURS = {"OK": "#2ca02c", "ALARM": "#d62728"}
_TICKS = 4


def draw(widgets: Sequence[Widget], span: Span) -> str:
    """The whole dashboard as an SVG document."""
    width = _COLUMNS * _COLUMN + _GAP
    height = max((widget.y + widget.height for widget in widgets), default=1) * _ROW + _GAP
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' "
        f"width='{width}' height='{height}' {_FONT}>",
        f"<rect width='{width}' height='{height}' fill='{_PAPER}'/>",
    ]
    for widget in widgets:
        x, y = widget.x * _COLUMN + _GAP, widget.y * _ROW + _GAP
        box = _Box(widget.width * _COLUMN - _GAP, widget.height * _ROW - _GAP)
        heading = widget.kind == "text" and widget.markdown.startswith("## ")
        fill = _PAPER if heading else "white"
        parts.append(f"<g transform='translate({x} {y})'>")
        parts.append(f"<rect width='{box.width}' height='{box.height}' rx='3' fill='{fill}'/>")
        parts += box.contents(widget, span)
        parts.append("</g>")
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


class _Box:
    """The area of one widget, in pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height

    def contents(self, widget: Widget, span: Span) -> Iterator[str]:
        if widget.kind == "text":
            yield from self._markdown(widget.markdown)
            return
        yield _text(10, 18, widget.title, size=12, weight="bold")
        if widget.kind == "alarm":
            yield from self._alarms(widget)
        else:
            yield from self._graph(widget, span)

    def _markdown(self, markdown: str) -> Iterator[str]:
        y = 6
        for line in filter(None, markdown.splitlines()):
            marks = len(line) - len(line.lstrip("#"))
            size = {0: 12, 1: 20, 2: 16}.get(marks, 13)
            for part in _wrapped(_plain(line), round((self.width - 20) / (size * 0.52))):
                y += round(size * 1.3)
                yield _text(10 if marks != 2 else 0, y, part, size=size, weight="bold" if marks else "normal")

    def _alarms(self, widget: Widget) -> Iterator[str]:
        across = 6
        width = (self.width - 20) / across
        for index, (name, state) in enumerate(widget.alarms.items()):
            x, y = 10 + index % across * width, 26 + index // across * 34
            colour = _STATE_COLOURS.get(state, _FAINT)
            yield f"<rect x='{x:.0f}' y='{y}' width='{width - 8:.0f}' height='28' rx='3' fill='{colour}'/>"
            yield _text(x + 8, y + 18, _cut(name, round((width - 24) / 6.2)), size=11, colour="white")

    def _graph(self, widget: Widget, span: Span) -> Iterator[str]:
        legend = [series for series in widget.series if series.label]
        beside = widget.legend == "right"
        right = 190 if beside else 12
        below = 0 if beside else 16 * len(_lines(legend, self.width - 20))
        plot = _Plot(46, 30, self.width - 46 - right, self.height - 30 - 24 - below, span)
        yield from plot.axes(_ceiling(widget.series))
        for number, series in enumerate(widget.series):
            yield from plot.line(series, _COLOURS[number % len(_COLOURS)])
        if beside:
            step = min(15.0, (self.height - 36) / max(len(legend), 1))
            for number, series in enumerate(legend):
                y = 38 + number * step
                yield _dot(self.width - right + 16, y, _COLOURS[number % len(_COLOURS)])
                yield _text(self.width - right + 24, y + 4, _cut(series.label, 27), size=min(11, step - 1))
            return
        y = self.height - below + 6
        for line in _lines(legend, self.width - 20):
            for x, number, label in line:
                yield _dot(10 + x + 4, y, _COLOURS[number % len(_COLOURS)])
                yield _text(10 + x + 12, y + 4, label, size=11)
            y += 16


class _Plot:
    """The area in which lines are drawn."""

    def __init__(self, x: float, y: float, width: float, height: float, span: Span) -> None:
        self._x, self._y, self._width, self._height = x, y, width, height
        self._span = span
        self._top = 1.0

    def axes(self, top: float) -> Iterator[str]:
        self._top = top
        for tick in range(_TICKS + 1):
            y = self._y + self._height * (1 - tick / _TICKS)
            yield (
                f"<line x1='{self._x:.0f}' x2='{self._x + self._width:.0f}' y1='{y:.1f}' y2='{y:.1f}' "
                f"stroke='{_LINE}'/>"
            )
            number = _number(top * tick / _TICKS)
            yield _text(self._x - 5, y + 4, number, size=10, colour=_FAINT, anchor="end")
        for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
            moment = self._span.start + (self._span.end - self._span.start) * share
            clock = f"{moment.astimezone(UTC):%H:%M}"
            x, y = self._x + self._width * share, self._y + self._height + 15
            yield _text(x, y, clock, size=10, colour=_FAINT, anchor=anchor)

    def line(self, series: Series, colour: str) -> Iterator[str]:
        """Draw a line that joins neighbouring periods. A period without data leaves a gap."""
        run: list[tuple[float, float]] = []
        last = -math.inf
        for moment, value in sorted(series.points.items()):
            if run and moment - last > 1.5 * self._span.period:
                yield from _stroke(run, colour)
                run = []
            run.append(self._at(moment, value))
            last = moment
        yield from _stroke(run, colour)

    def _at(self, moment: float, value: float) -> tuple[float, float]:
        began, ended = self._span.start.timestamp(), self._span.end.timestamp()
        share = min(max((moment - began) / (ended - began), 0.0), 1.0)
        return self._x + self._width * share, self._y + self._height * (1 - value / self._top)


def default_span(minutes: float, period: int, now: datetime) -> Span:
    """The last so many minutes, starting at the beginning of a period."""
    end = now.timestamp()
    start = (end - minutes * 60) // period * period
    return Span(datetime.fromtimestamp(start, UTC), now, period)


def _stroke(points: Sequence[tuple[float, float]], colour: str) -> Iterator[str]:
    if len(points) == 1:
        yield _dot(*points[0], colour, radius=2.5)
    elif points:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='1.6'/>"


def _dot(x: float, y: float, colour: str, *, radius: float = 4) -> str:
    return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius}' fill='{colour}'/>"


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    colour: str = _INK,
    weight: str = "normal",
    anchor: str = "start",
) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size:.0f}' fill='{colour}' font-weight='{weight}' "
        f"text-anchor='{anchor}'>{escape(text)}</text>"
    )


def _lines(legend: Sequence[Series], width: float) -> list[list[tuple[float, int, str]]]:
    """A legend's lines, each no wider than ``width``: (x, number of the series, label) for each entry."""
    lines: list[list[tuple[float, int, str]]] = [[]]
    x = 0.0
    for number, series in enumerate(legend):
        label = _cut(series.label, 40)
        entry = 24 + 6.0 * len(label)
        if lines[-1] and x + entry > width:
            lines.append([])
            x = 0.0
        lines[-1].append((x, number, label))
        x += entry
    return lines


def _ceiling(series: Sequence[Series]) -> float:
    """A round number that no value exceeds."""
    most = max((value for line in series for value in line.points.values()), default=0.0)
    if most <= 0:
        return 1.0
    magnitude = 10.0 ** math.floor(math.log10(most))
    return next(step * magnitude for step in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10) if step * magnitude >= most)


def _number(value: float) -> str:
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def _plain(markdown: str) -> str:
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return text.replace("`", "").lstrip("# ")


def _wrapped(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
