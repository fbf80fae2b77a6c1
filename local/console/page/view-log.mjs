// The log lines of one attempt.

import { h } from "./dom.mjs";
import { timeOfDay } from "./timeline.mjs";
import { empty, section } from "./widgets.mjs";

/** @param {{ lines: Line[], total: number, over: boolean }} model */
export function logParts({ lines, total, over }) {
    const body = lines.length
        ? h(
              "div",
              {
                  class: "log",
                  id: "log",
                  "data-scroll": "end",
                  tabindex: 0,
                  role: "region",
                  "aria-label": "Log lines",
              },
              lines.map(logLine),
          )
        : empty(
              over ? "Nothing was logged." : "Nothing has been logged yet.",
              "Lines come here from the poller, RunTask and the handler when they name this attempt.",
          );
    const count =
        total > lines.length
            ? `the latest ${lines.length} lines`
            : `${total} ${total === 1 ? "line" : "lines"}`;
    return section("Log", `${count}, oldest first`, body);
}

/** @param {Line} line */
function logLine(line) {
    const short = line.source.split("/").pop();
    return h(
        "div",
        {
            class: `line ${line.level.toLowerCase() === "stderr" || /error|critical/i.test(line.level) ? "bad" : ""}`,
        },
        h("span", { class: "number" }, timeOfDay(line.time, { precise: true })),
        h("span", { class: "source", title: line.source }, short),
        h("span", { class: "level" }, line.level),
        h("span", { class: "text" }, line.text, detail(line.entry)),
    );
}

const COMMON = new Set([
    "level",
    "location",
    "message",
    "timestamp",
    "service",
    "stream",
    "taskId",
    "pipelineId",
    "attemptId",
]);
const MORE = new Set(["workerGroup", "type", "route", "xray_trace_id", "function_request_id", "cold_start"]);

/**
 * The members of a line that only some lines have.
 * @param {Line["entry"]} entry
 */
function detail(entry) {
    const own = Object.entries(entry ?? {}).filter(
        ([key, value]) => !COMMON.has(key) && !MORE.has(key) && value !== null,
    );
    if (!own.length) return null;
    const text = own.map(
        ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
    return h("span", { class: "hint" }, `  ${text.join("  ")}`);
}
