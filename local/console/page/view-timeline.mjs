// Attempts as bars on one axis, as SVG that fills the available width.

import { h, svg } from "./dom.mjs";
import { coarse, dateTime, fraction, segments, ticks, timeOfDay } from "./timeline.mjs";
import { tone } from "./verdict.mjs";

const WIDTH = 1000;
const HEIGHT = 14;
const LEAST = 4;
const MOST_TICKS = 3;

/**
 * The statuses of an instance or an attempt over time.
 * @param {Run} run
 * @param {Span} range
 * @param {number} now
 */
export function bar(run, range, now) {
    const parts = segments(run, now);
    const told = parts.map(({ status, from, to }) => `${status} ${dateTime(from)} for ${coarse(to - from)}`);
    return svg(
        "svg",
        {
            class: "bar",
            viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
            preserveAspectRatio: "none",
            role: "img",
            "aria-label": told.join(", then "),
        },
        svg("title", {}, told.join("\n")),
        parts.map(({ status, from, to }) => {
            const x = fraction(from, range) * WIDTH;
            const width = Math.max(fraction(to, range) * WIDTH - x, LEAST);
            return svg("rect", {
                class: tone(status),
                x: Math.min(x, WIDTH - width),
                y: 1,
                width,
                height: HEIGHT - 2,
            });
        }),
    );
}

/**
 * The times above the bars.
 * @param {Span} range
 */
export function axis(range) {
    const long = range.to - range.from > 86_400_000;
    // A label that begins near the end would be cut off.
    const marks = ticks(range, MOST_TICKS).filter((mark) => fraction(mark, range) < 0.88);
    return h(
        "div",
        { class: "axis", "aria-hidden": "true" },
        marks.map((mark) => {
            const label = h("span", {}, long ? dateTime(mark).slice(5, 16) : timeOfDay(mark));
            label.style.left = `${fraction(mark, range) * 100}%`;
            return label;
        }),
    );
}
