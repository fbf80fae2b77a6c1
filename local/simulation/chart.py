"""Cost against latency, as SVG: a panel for each pattern of arrivals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from local.simulation.arrivals import PATTERNS
from local.simulation.sweep import TASKS_PER_DAY, Point

WIDTH, HEIGHT = 980, 800
PANEL = 380, 270
LEFT, TOP = (80, 570), (92, 442)

USD = (0.3, 1, 3, 10, 30)
SECONDS = {0.3: "0.3 s", 1: "1 s", 10: "10 s", 60: "1 min", 300: "5 min", 900: "15 min", 3600: "1 h"}
COLOURS = {2: "#9ecae1", 5: "#6baed6", 10: "#2171b5", 30: "#74c476", 60: "#238b45", 95: "#d94801"}
LINE_HEIGHT = 12

Place = tuple[float, float]


def draw(points: Sequence[Point], *, host_usd: float) -> str:
    """The picture. It shows deployable settings, under the worse interpretation of an abandoned poll."""
    shown = [point for point in points if point.dead_poll == "swallows" and not point.refused]
    parts = [*_frame()]
    for number, pattern in enumerate(PATTERNS):
        origin = LEFT[number % 2], TOP[number // 2]
        parts += _panel(pattern, [point for point in shown if point.pattern == pattern], origin, host_usd)
    parts.append("</svg>\n")
    return "\n".join(parts)


def _frame() -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#222">'
    )
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    yield _text((LEFT[0], 28), f"Cost and latency of {TASKS_PER_DAY} tasks a day", size=18, weight="bold")
    yield _text(
        (LEFT[0], 48),
        "Across: US dollars a month at list price, without the handlers' own time and monitoring. "
        "Up: from ready to the handler's start,",
    )
    yield _text((LEFT[0], 64), "median (dot) and 95 % of the tasks (line). Both axes are logarithmic.")
    x = float(LEFT[0])
    y = HEIGHT - 18
    yield _text((x, y), "poll timeout:")
    x += 90
    for timeout, colour in COLOURS.items():
        yield f'<circle cx="{x:.0f}" cy="{y - 4}" r="5" fill="{colour}"/>'
        yield _text((x + 10, y), f"{timeout} s" + (" (continuous)" if timeout >= 90 else ""))
        x += 56
    x += 76
    yield _vertical(x, y - 12, y + 2)
    yield _text((x + 8, y), "a t4g.micro with the Java Task Runner, idle or not")


def _panel(pattern: str, points: Sequence[Point], origin: Place, host_usd: float) -> Iterator[str]:
    left, top = origin
    width, height = PANEL
    yield f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="#fafafa" stroke="#999"/>'
    yield _text((left, top - 8), pattern, weight="bold", size=14)
    for usd in USD:
        x = _x(usd, origin)
        yield f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{top + height}" stroke="#e4e4e4"/>'
        yield _text((x, top + height + 16), f"$ {usd:g}", anchor="middle", fill="#555")
    for seconds, name in SECONDS.items():
        y = _y(seconds, origin)
        yield f'<line x1="{left}" y1="{y:.1f}" x2="{left + width}" y2="{y:.1f}" stroke="#e4e4e4"/>'
        yield _text((left - 6, y + 4), name, anchor="end", fill="#555")
    x = _x(host_usd, origin)
    yield _vertical(x, top, top + height)
    yield _text((x + 5, top + 16), f"host $ {host_usd:.2f}")
    for point in sorted(points, key=lambda point: point.is_default):
        yield from _mark(point, origin)
    yield from _period_names(points, origin)


def _mark(point: Point, origin: Place) -> Iterator[str]:
    x, y, most = _x(point.usd, origin), _y(point.median, origin), _y(point.most, origin)
    colour = COLOURS[point.poll_timeout]
    yield (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{most:.1f}" stroke="{colour}" stroke-width="1.5"/>'
    )
    yield (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"><title>'
        f"every {point.minutes} min, poll timeout {point.poll_timeout} s: $ {point.usd:.2f}, "
        f"median {point.median:.1f} s, 95 % within {point.most:.1f} s</title></circle>"
    )
    if point.is_default:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="none" stroke="#c00" stroke-width="2"/>'
        name = f"default $ {point.usd:.2f}"
        yield _text((x, y + 24), name, anchor="middle", fill="#c00", weight="bold")


def _period_names(points: Sequence[Point], origin: Place) -> Iterator[str]:
    """Labels with the period, beside the cheapest point of each period and below held polls."""
    above = -math.inf
    for minutes in sorted({point.minutes for point in points}, reverse=True):
        short = [point for point in points if point.minutes == minutes and point.poll_timeout < 90]
        if short:
            point = min(short, key=lambda point: point.usd)
            above = max(_y(point.median, origin) + 4, above + LINE_HEIGHT)
            yield _text((_x(point.usd, origin) - 8, above), f"{minutes} min", anchor="end", size=11)
    held = sorted((point for point in points if point.poll_timeout >= 90), key=lambda point: point.usd)
    if held:
        low = max(_y(point.median, origin) for point in held)
        name = f"{held[0].minutes} to {held[-1].minutes} min"
        yield _text((origin[0] + PANEL[0] - 6, low + 18), name, anchor="end", size=11)


def _vertical(x: float, top: float, bottom: float) -> str:
    return (
        f'<line x1="{x:.1f}" y1="{top:.0f}" x2="{x:.1f}" y2="{bottom:.0f}" stroke="#222" '
        'stroke-width="1.5" stroke-dasharray="4 3"/>'
    )


def _x(usd: float, origin: Place) -> float:
    return origin[0] + PANEL[0] * _share(usd, USD[0], USD[-1])


def _y(seconds: float, origin: Place) -> float:
    return origin[1] + PANEL[1] * (1 - _share(seconds, 0.12, 5_000))


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
