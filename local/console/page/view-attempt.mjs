// One attempt: its fields at the service, the RunTask execution that runs it, and its log lines.

import { h, Part } from "./dom.mjs";
import { TaskLog, workLogGroups } from "./logs.mjs";
import { follow } from "./path.mjs";
import { idParts } from "./pipelines.mjs";
import { links } from "./routes.mjs";
import { clock, coarse, soFar, statuses, takenBy, timeOfDay } from "./timeline.mjs";
import { executionParts, readExecution } from "./view-execution.mjs";
import { empty, facts, heading, pill, section, time, tone } from "./widgets.mjs";

const SHOWN_LINES = 1000;
const QUIET_FIELDS = /^(@|error|parent$|reportProgressTime$|hostname$|type$)/;

/**
 * Reads everything about an attempt. `known` is the last reading's result.
 * @param {{ executions: Executions, runs: Runs, log: TaskLog }} sources
 * @param {string} id
 * @param {ReadAttempt | null} known
 * @returns {Promise<ReadAttempt>}
 */
export async function readAttempt({ executions, runs, log }, id, known) {
    const attempt = known?.attempt?.over ? known.attempt : await runs.current(id);
    const machines = await executions.machines();
    const found = [];
    let complete = true;
    for (const { arn } of machines.filter(({ name }) => name.endsWith("-RunTask"))) {
        const of = await executions.ofAttempt(arn, runs.pipelineId, id);
        found.push(...of.found);
        complete &&= of.complete;
    }
    const latest = found[0] ? await readExecution(executions, found[0].arn) : null;
    const groups = await logGroups(executions, machines, latest);
    log.task.executionArn = latest?.execution.arn;
    const lines = await log.read(groups, found.at(-1)?.started);
    return { attempt, found, complete, latest, lines };
}

/**
 * The poller's groups, and of the execution RunTask's own and those of the handlers that it has entered.
 * @param {Executions} executions
 * @param {ListedMachine[]} machines
 * @param {ReadExecution | null} latest
 */
async function logGroups(executions, machines, latest) {
    const groups = [];
    for (const { arn } of machines.filter(({ name }) => name.includes("-PollLoop-"))) {
        groups.push(...workLogGroups((await executions.machine(arn)).definition));
    }
    if (latest) {
        const { visits } = follow(latest.events, latest.execution.status, latest.machine.definition);
        groups.push(latest.machine.logGroup, ...workLogGroups(latest.machine.definition, [...visits.keys()]));
    }
    return [...new Set(groups.filter(Boolean))];
}

/**
 * @param {HTMLElement} main
 * @param {Reads} reads
 * @param {{ pipelineId: string, id: string }} wanted
 * @returns {View}
 */
export function attemptView(main, { aws, pipelines, executions, now }, { pipelineId, id }) {
    const runs = pipelines.runs(pipelineId);
    const log = new TaskLog(aws, { pipelineId, attemptId: id });
    const top = h("div");
    const middle = h("div");
    const bottom = h("div");
    main.replaceChildren(top, middle, bottom);
    const above = new Part(top, (model) => attemptParts(pipelineId, model));
    const run = new Part(middle, ({ latest, complete, second }) => execution(latest, complete, second));
    const lines = new Part(bottom, (model) => logParts(model));
    /** @type {ReadAttempt | null} */
    let known = null;
    return {
        seconds: 3,
        async read(alive) {
            if (!pipelines.described.has(pipelineId)) await pipelines.describe([pipelineId]);
            const read = await readAttempt({ executions, runs, log }, id, known);
            known = read;
            if (!alive()) return;
            const { attempt, found, latest, complete } = read;
            if (attempt === null) {
                main.replaceChildren(
                    empty(
                        "There is no such attempt.",
                        "Its pipeline may have been activated anew or deleted.",
                    ),
                );
                return;
            }
            const second = Math.floor(now() / 1000) * 1000;
            const name = pipelines.described.get(pipelineId)?.name ?? pipelineId;
            above.show({ attempt, name, found, second: attempt.over ? 0 : clock([attempt], second) });
            run.show({ latest, complete, second: latest?.execution.status === "RUNNING" ? second : 0 });
            lines.show({
                lines: read.lines.slice(-SHOWN_LINES),
                total: read.lines.length,
                over: attempt.over,
            });
            document.title = `${attempt.component} ${attempt.status}`;
        },
    };
}

/**
 * @param {string} pipelineId
 * @param {{ attempt: Run, name: string, found: Execution[], second: number }} model
 */
function attemptParts(pipelineId, { attempt, name, found, second }) {
    const { scheduled } = idParts(attempt.id);
    return [
        heading(
            [
                h("a", { href: links.pipeline(pipelineId) }, name),
                ` / ${attempt.component} for ${scheduled.replace("T", " ")}`,
            ],
            `Attempt ${attempt.attempt ?? ""}`,
            attempt.status,
        ),
        facts([
            ["Began", time(attempt.started)],
            ["Ended", time(attempt.ended)],
            ["Last report", time(attempt.lastReport)],
            ["Runner", attempt.fields.hostname],
            ["Type", attempt.fields.type],
            [
                "Executions",
                found.length
                    ? found.map(({ arn, name }) => h("a", { href: links.execution(arn) }, `${name} `))
                    : "",
            ],
        ]),
        attempt.errorId || attempt.errorMessage
            ? h(
                  "div",
                  { class: "error-box" },
                  h("strong", {}, attempt.errorId),
                  attempt.errorMessage ? h("pre", {}, attempt.errorMessage) : null,
                  attempt.errorStackTrace ? h("pre", {}, attempt.errorStackTrace) : null,
              )
            : null,
        section(
            "Status over time",
            "UTC, by Data Pipeline's clock",
            statusList(
                statuses(takenBy(attempt, found.at(-1)?.started), second),
                attempt.over ? null : second,
            ),
        ),
        fields(attempt.fields),
    ];
}

/**
 * `now` is null when the last status is the end.
 * @param {Status[]} changes
 * @param {number | null} now
 */
function statusList(changes, now) {
    return h(
        "ol",
        { class: "statuses" },
        changes.map(({ status, from, to }) => {
            const lasted = to !== null ? `for ${coarse(to - from)}` : now !== null ? soFar(now - from) : "";
            return h(
                "li",
                { class: tone(status) },
                pill(status),
                h("span", { class: "number" }, timeOfDay(from)),
                h("span", { class: "hint" }, lasted),
            );
        }),
    );
}

/** @param {Record<string, string>} all */
function fields(all) {
    const own = Object.entries(all).filter(([key]) => !QUIET_FIELDS.test(key));
    if (!own.length) return null;
    return h(
        "details",
        { id: "fields" },
        h("summary", { id: "fields-summary" }, `Fields (${own.length})`),
        facts(own.map(([key, value]) => [key, h("code", {}, key.startsWith("*") ? "(secret)" : value)])),
    );
}

/**
 * @param {ReadExecution | null} latest
 * @param {boolean} complete
 * @param {number} second
 */
function execution(latest, complete, second) {
    if (latest) {
        return [
            h(
                "p",
                { class: "run" },
                "RunTask ",
                h("a", { href: links.execution(latest.execution.arn) }, latest.execution.name),
                " ",
                pill(latest.execution.status),
            ),
            executionParts(latest, second),
        ];
    }
    const text = complete
        ? "A poller takes the task when it is ready and the worker group is polled; then PollLoop starts RunTask."
        : "Looking through the executions …";
    return section("RunTask", "", empty("No execution runs this attempt yet.", text));
}

/** @param {{ lines: Line[], total: number, over: boolean }} model */
function logParts({ lines, total, over }) {
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
