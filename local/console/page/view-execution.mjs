// One execution: its graph, and its states in order.

import { h, Part } from "./dom.mjs";
import { follow } from "./path.mjs";
import { links } from "./routes.mjs";
import { dateTime, duration, timeOfDay } from "./timeline.mjs";
import { graphView } from "./view-graph.mjs";
import { empty, facts, heading, section, table, time } from "./widgets.mjs";

const SHOWN_STEPS = 50;

/**
 * Reads what the view shows of an execution, as plain data.
 * @param {Executions} executions
 * @param {string} arn
 * @returns {Promise<ReadExecution>}
 */
export async function readExecution(executions, arn) {
    const execution = await executions.describe(arn);
    const machine = await executions.machineOf(arn);
    const events = await executions.history(arn);
    return { execution, machine, events };
}

/**
 * Its graph and its steps.
 * @param {ReadExecution} read
 * @param {number} now
 */
export function executionParts({ execution, machine, events }, now) {
    const path = follow(events, execution.status, machine.definition);
    const shown = path.steps.slice(-SHOWN_STEPS).reverse();
    const aside =
        path.steps.length > shown.length
            ? `the latest ${shown.length} of ${path.steps.length}, latest first`
            : "latest first";
    return [
        section(
            "Graph",
            "what was taken is drawn strong; names and errors are in the tooltips",
            h(
                "div",
                { class: "scroll graph-box", id: "graph", "data-scroll": "", tabindex: 0 },
                graphView(machine.definition, path, execution.status),
            ),
        ),
        section(
            "States",
            aside,
            shown.length
                ? table(
                      ["State", "Entered", "For", "Errors"],
                      shown.map((step) => stepRow(step, execution, now)),
                  )
                : empty("No state has been entered yet.", ""),
        ),
    ];
}

/**
 * @param {Step} step
 * @param {Execution} execution
 * @param {number} now
 */
function stepRow(step, execution, now) {
    const open = step.exited === null && execution.status === "RUNNING";
    const end = step.exited ?? execution.stopped ?? now;
    return h(
        "tr",
        { class: open ? "now" : null },
        h(
            "td",
            { class: "name" },
            step.within ? "↳ " : "",
            step.name,
            open ? h("span", { class: "hint" }, " now") : null,
        ),
        h("td", { class: "number" }, timeOfDay(step.entered, { precise: true })),
        h("td", { class: "number" }, duration(end - step.entered)),
        h("td", { class: "wide" }, problems(step.problems)),
    );
}

/** @param {{ error: string, cause: string }[]} list */
function problems(list) {
    const last = list.at(-1);
    if (!last) return "";
    return [
        h(
            "span",
            { class: "bad-text" },
            list.length > 1 ? `${last.error} (${list.length} times)` : last.error,
        ),
        last.cause ? h("pre", { class: "cause" }, last.cause) : null,
    ];
}

/**
 * @param {HTMLElement} main
 * @param {Reads} reads
 * @param {{ arn: string }} wanted
 * @returns {View}
 */
export function executionView(main, { executions, now }, { arn }) {
    const part = new Part(main, ({ read, second }) => {
        const { execution, machine } = read;
        const { task } = execution;
        return [
            heading(
                [h("a", { href: links.machine(execution.machineArn) }, machine.name), " / execution"],
                execution.name,
                execution.status,
            ),
            facts([
                ["Started", time(execution.started)],
                ["Stopped", time(execution.stopped)],
                [
                    execution.status === "RUNNING" ? "Runs for" : "Took",
                    duration((execution.stopped ?? second) - execution.started),
                ],
                [
                    "Task of",
                    task.attemptId
                        ? h("a", { href: links.attempt(task.pipelineId, task.attemptId) }, task.attemptId)
                        : "",
                ],
                ["Route", task.route ?? ""],
                ["Worker group", task.workerGroup ?? ""],
            ]),
            execution.error
                ? h(
                      "div",
                      { class: "error-box" },
                      h("strong", {}, execution.error),
                      execution.cause ? h("pre", {}, execution.cause) : null,
                  )
                : null,
            executionParts(read, second),
        ];
    });
    return {
        seconds: 3,
        async read(alive) {
            const read = await readExecution(executions, arn);
            const second =
                read.execution.status === "RUNNING"
                    ? Math.floor(now() / 1000) * 1000
                    : read.execution.stopped;
            if (!alive()) return;
            part.show({ read, second });
            document.title = `${read.execution.name} ${read.execution.status} ${dateTime(read.execution.started)}`;
        },
    };
}
