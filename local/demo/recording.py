"""Keeps what the demo shows, and writes it as an animated SVG picture, which needs no player."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rich.console import Console, RenderableType
from rich.segment import Segment

_COLUMNS, _LINES = 100, 34
_CHARACTER, _LINE = 7.8, 17
_MARGIN, _BAR = 16, 30
_LEAST_SECONDS = 0.2
"""What changes faster is one frame."""
_MOST_SECONDS = 1.2
"""How long a frame stays. Waiting is not worth watching."""
_LAST_SECONDS = 8.0
_COLOURS = {"yellow": "#e3b341", "cyan": "#56d4dd", "green": "#56d364", "red": "#ff7b72"}
_INK, _FAINT, _PAPER = "#e6edf3", "#8b949e", "#0d1117"


@dataclass(frozen=True)
class Frame:
    """What stands on the screen from a moment on, in seconds since the beginning."""

    seconds: float
    lines: Sequence[Sequence[Segment]]


class Recording:
    """The frames of a run of the demo."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self._said: list[RenderableType] = []
        self._console = Console(
            file=io.StringIO(), width=_COLUMNS, color_system="standard", force_terminal=True, highlight=False
        )

    def say(self, seconds: float, *said: RenderableType) -> None:
        """Add lines that stay."""
        self._said += said
        self.show(seconds)

    def show(self, seconds: float, *below: RenderableType) -> None:
        """Show something below these lines, until the next frame."""
        lines = [
            line for shown in (*self._said, *below) for line in self._console.render_lines(shown, pad=False)
        ]
        shown = lines[-_LINES:]
        if self.frames and seconds - self.frames[-1].seconds < _LEAST_SECONDS:
            self.frames[-1] = Frame(self.frames[-1].seconds, shown)
        elif not self.frames or self.frames[-1].lines != shown:
            self.frames.append(Frame(seconds, shown))

    def keep(self, *below: RenderableType) -> None:
        """Let what was shown below stay, as the lines above it do."""
        self._said += below

    def svg(self) -> str:
        """The picture. Whoever wants no animation sees the last frame. Raises ValueError without a frame."""
        if not self.frames:
            raise ValueError("Nothing was shown.")
        begins = [0.0]
        for before, frame in zip(self.frames, self.frames[1:], strict=False):
            begins.append(begins[-1] + min(_MOST_SECONDS, frame.seconds - before.seconds))
        length = begins[-1] + _LAST_SECONDS
        width = round(_COLUMNS * _CHARACTER + 2 * _MARGIN)
        height = _BAR + _LINES * _LINE + _MARGIN
        styles, groups = [], []
        for number, (frame, begin) in enumerate(zip(self.frames, begins, strict=True)):
            end = begins[number + 1] if number + 1 < len(begins) else length
            first, last = 100 * begin / length, 100 * end / length
            hidden = f"0%{{opacity:0}}{first:.3f}%{{opacity:1}}" if number else "0%{opacity:1}"
            after = f"{last:.3f}%{{opacity:0}}" if number + 1 < len(begins) else ""
            styles.append(f"@keyframes f{number}{{{hidden}{after}}}")
            styles.append(f"#f{number}{{animation:f{number} {length:.2f}s step-end infinite}}")
            groups.append(_group(number, frame))
        still = "@media (prefers-reduced-motion:reduce){g{animation:none!important}}"
        opacity = f"g{{opacity:0}}#f{len(begins) - 1}{{opacity:1}}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" aria-label="make demo in a terminal">\n'
            f"<style>text{{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:{_INK};"
            f"white-space:pre}}{opacity}\n" + "\n".join(styles) + f"\n{still}</style>\n"
            f'<rect width="{width}" height="{height}" rx="8" fill="{_PAPER}"/>\n'
            + "".join(
                f'<circle cx="{18 + 18 * at}" cy="15" r="5" fill="{colour}"/>'
                for at, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
            )
            + "\n"
            + "\n".join(groups)
            + "\n</svg>\n"
        )


def _group(number: int, frame: Frame) -> str:
    rows = [
        f'<text x="{_MARGIN}" y="{_BAR + 13 + row * _LINE}">{text}</text>'
        for row, line in enumerate(frame.lines)
        if (text := "".join(_span(segment) for segment in line).rstrip())
    ]
    return f'<g id="f{number}">' + "\n".join(rows) + "</g>"


def _span(segment: Segment) -> str:
    """A piece of a line, with the colour that rich gives it."""
    text, style = escape(segment.text.rstrip("\n"), quote=False), segment.style
    if style is None or not text.strip():
        return text
    colour = _COLOURS.get(style.color.name if style.color else "", "")
    fill = colour or (_FAINT if style.dim else "")
    attributes = (f' fill="{fill}"' if fill else "") + (' font-weight="bold"' if style.bold else "")
    return f"<tspan{attributes}>{text}</tspan>" if attributes else text
