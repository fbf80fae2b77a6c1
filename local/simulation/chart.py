"""Cost against the time of a pipeline's end, as SVG: single tasks beside chains, nightly and steady.

Costs are all in: with the handlers' time and monitoring, at list price.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape

from local.simulation.scenario import Scenario
from local.simulation.sweep import BASE, TASKS_PER_DAY, Result, Results, is_default, way, ways
from local.simulation.tables import span
from local.simulation.usage import quantile

WIDTH, HEIGHT = 980, 800
PANEL = 380, 270
LEFT, TOP = (80, 570), (100, 450)

PATTERNS = ("nightly", "steady")
SHAPES = {"single": "single tasks of 60 s", "five": "chains of five tasks of 60 s"}

USD = (2, 3, 5, 10)
USD_RANGE = 1.5, 14
SECONDS_RANGE = 40, 7 * 3600
SECONDS = {60: "1 min", 120: "2 min", 300: "5 min", 600: "10 min", 1800: "30 min", 3600: "1 h", 10800: "3 h"}
COLOURS = {"never awake": "#e08214", "awake with work": "#2171b5", "always awake": "#238b45"}

Place = tuple[float, float]


def draw(results: Results) -> str:
    """The picture, under the worse reading of an abandoned poll."""
    parts = [*_frame()]
    for row, pattern in enumerate(PATTERNS):
        for column, shape in enumerate(SHAPES):
            shown = ways(replace(BASE, pattern=pattern, shape=shape))
            parts += _panel(f"{SHAPES[shape]}, {pattern}", shown, results, (LEFT[column], TOP[row]))
    parts.append("</svg>\n")
    return "\n".join(parts)


def draw_panel(results: Results) -> str:
    """The panel of nightly chains by itself, half as large again."""
    width, height = 520, 412
    origin = 80, 62
    parts = [*_svg(width, height, scale=1.5)]
    parts.append(
        _text((origin[0], 22), "What a month costs, all in, and when a chain ends", size=15, weight="bold")
    )
    parts += _panel(
        f"{TASKS_PER_DAY} tasks a day, as nightly chains of five tasks of 60 s",
        ways(replace(BASE, pattern="nightly", shape="five")),
        results,
        origin,
        title_size=11,
    )
    left, bottom = origin[0], origin[1] + PANEL[1]
    parts.append(
        _text(
            (left, bottom + 34),
            "Across: US dollars a month. Up: from activation to the end, median and 95 %.",
            size=10,
        )
    )
    parts.append(_text((left, bottom + 48), "Labels: the schedule's period.", size=10))
    x = float(left)
    for name, colour in COLOURS.items():
        parts += _legend((x, bottom + 66), name, colour)
        x += 130
    parts.append("</svg>\n")
    return "\n".join(parts)


def scenarios() -> list[Scenario]:
    """What the pictures show."""
    return [
        scenario
        for pattern in PATTERNS
        for shape in SHAPES
        for scenario in ways(replace(BASE, pattern=pattern, shape=shape))
    ]


def _svg(width: int, height: int, *, scale: float = 1) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{scale * width:g}" '
        f'height="{scale * height:g}" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#222">'
    )
    yield f'<rect width="{width}" height="{height}" fill="#fff"/>'


def _legend(place: Place, name: str, colour: str) -> Iterator[str]:
    x, y = place
    yield f'<circle cx="{x + 5:.0f}" cy="{y - 4}" r="5" fill="{colour}"/>'
    yield _text((x + 15, y), name)


def _frame() -> Iterator[str]:
    yield from _svg(WIDTH, HEIGHT)
    yield _text((LEFT[0], 28), f"Cost and latency of {TASKS_PER_DAY} tasks a day", size=18, weight="bold")
    yield _text(
        (LEFT[0], 48),
        "Across: US dollars a month at list price, all in. Up: from a pipeline's activation to its end,",
    )
    yield _text(
        (LEFT[0], 64),
        "median (dot) and 95 % of the pipelines (line). Labels: the schedule's period. Both axes are "
        "logarithmic.",
    )
    x = float(LEFT[0])
    y = HEIGHT - 18
    for name, colour in COLOURS.items():
        yield from _legend((x, y), name, colour)
        x += 130
    yield _dashed((x, y - 4), (x + 22, y - 4))
    yield _text((x + 28, y), "a host with the Java Task Runner: its cost, and its end")


def _panel(
    title: str, shown: Sequence[Scenario], results: Results, origin: Place, *, title_size: int = 14
) -> Iterator[str]:
    left, top = origin
    width, height = PANEL
    yield f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="#fafafa" stroke="#999"/>'
    yield _text((left, top - 8), title, weight="bold", size=title_size)
    for usd in USD:
        x = _x(usd, origin)
        yield f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{top + height}" stroke="#e4e4e4"/>'
        yield _text((x, top + height + 16), f"$ {usd:g}", anchor="middle", fill="#555")
    for seconds, name in SECONDS.items():
        y = _y(seconds, origin)
        yield f'<line x1="{left}" y1="{y:.1f}" x2="{left + width}" y2="{y:.1f}" stroke="#e4e4e4"/>'
        yield _text((left - 6, y + 4), name, anchor="end", fill="#555")
    host = next(results[scenario] for scenario in shown if scenario.host)
    yield from _host(host, origin)
    of_stack = [scenario for scenario in shown if not scenario.host]
    for scenario in sorted(of_stack, key=is_default):
        yield from _mark(scenario, results[scenario], origin)
    yield from _period_names(of_stack, results, origin)


def _host(host: Result, origin: Place) -> Iterator[str]:
    left, top = origin
    width, height = PANEL
    x, y = _x(host.usd, origin), _y(_end(host, 0.5), origin)
    yield _dashed((x, top), (x, top + height))
    yield _dashed((left, y), (left + width, y))
    name = f"host $ {host.usd:.2f}, {span(_end(host, 0.5))}"
    yield _text((x - 5, top + 16), name, anchor="end")


def _mark(scenario: Scenario, result: Result, origin: Place) -> Iterator[str]:
    median, most = _end(result, 0.5), _end(result, 0.95)
    x, y, high = _x(result.usd, origin), _y(median, origin), _y(most, origin)
    colour = COLOURS[way(scenario)]
    yield (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{high:.1f}" stroke="{colour}" stroke-width="1.5"/>'
    )
    yield (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"><title>'
        f"{way(scenario)}, every {scenario.period / 60:g} min: $ {result.usd:.2f}, "
        f"ends after {span(median)}, 95 % within {span(most)}</title></circle>"
    )
    if is_default(scenario):
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="none" stroke="#c00" stroke-width="2"/>'
        name = f"default $ {result.usd:.2f}, {span(median)}"
        yield _text((x + 10, min(y - 12, high - 6)), name, fill="#c00", weight="bold")


def _period_names(shown: Sequence[Scenario], results: Results, origin: Place) -> Iterator[str]:
    """Labels with the period, beside the points of each way to poll that spread over the picture."""
    for name in COLOURS:
        of_way = [scenario for scenario in shown if way(scenario) == name]
        if name == "always awake":
            cheapest = min(of_way, key=lambda scenario: results[scenario].usd)
            high = min(_y(_end(results[scenario], 0.95), origin) for scenario in of_way)
            periods = sorted(scenario.period / 60 for scenario in of_way)
            label = f"{periods[0]:g} to {periods[-1]:g} min"
            yield _text((_x(results[cheapest].usd, origin) - 4, high - 9), label, size=10, fill=COLOURS[name])
            continue
        for scenario in of_way:
            if is_default(scenario):
                continue
            x, label = _x(results[scenario].usd, origin), f"{scenario.period / 60:g} min"
            if name == "never awake":
                place = x - 8, _y(_end(results[scenario], 0.5), origin) + 4
                yield _text(place, label, anchor="end", size=10, fill=COLOURS[name])
            else:
                place = x + 5, _y(_end(results[scenario], 0.95), origin) + 9
                yield _text(place, label, size=10, fill=COLOURS[name])


def _end(result: Result, share: float) -> float:
    return quantile(list(result.usage.durations.values()), share)


def _dashed(start: Place, end: Place) -> str:
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" stroke="#222" '
        'stroke-width="1.5" stroke-dasharray="4 3"/>'
    )


def _x(usd: float, origin: Place) -> float:
    return origin[0] + PANEL[0] * _share(usd, *USD_RANGE)


def _y(seconds: float, origin: Place) -> float:
    return origin[1] + PANEL[1] * (1 - _share(seconds, *SECONDS_RANGE))


def _share(value: float, least: float, most: float) -> float:
    return min(1.0, max(0.0, math.log(value / least) / math.log(most / least)))


def _text(
    place: Place, words: str, *, anchor: str = "start", size: int = 12, weight: str = "", fill: str = ""
) -> str:
    more = f' font-weight="{weight}"' if weight else ""
    more += f' fill="{fill}"' if fill else ""
    return (
        f'<text x="{place[0]:.1f}" y="{place[1]:.1f}" text-anchor="{anchor}" font-size="{size}"{more}>'
        f"{escape(words)}</text>"
    )
