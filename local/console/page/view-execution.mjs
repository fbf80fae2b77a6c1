// One execution: its graph, and its states in order.

import { h, Part } from "./dom.mjs";
import { follow } from "./path.mjs";
import { links } from "./routes.mjs";
import { StateData } from "./state-data.mjs";
import { dateTime, duration, timeOfDay } from "./timeline.mjs";
import { executionVerdict, tone } from "./verdict.mjs";
import { dataView } from "./view-data.mjs";
import { graphView } from "./view-graph.mjs";
import { empty, executionPill, facts, heading, loading, pill, section, table, time } from "./widgets.mjs";

const SHOWN_STEPS = 50;

/**
 * Reads what the view shows of an execution, as plain data.
 * @param {Executions} executions
 * @param {string} arn
 * @returns {Promise<ReadExecution>}
 */
export async function readExecution(executions, arn) {
    const [execution, machine, events] = await Promise.all([
        executions.describe(arn),
        executions.machineOf(arn),
        executions.history(arn),
    ]);
    return { execution, machine, events };
}

/**
 * Its graph and its steps.
 * @param {ReadExecution} read
 * @param {number} now
 * @param {StateData} data
 */
export function executionParts({ execution, machine, events }, now, data) {
    const path = follow(events, execution.status, machine.definition);
    const shown = path.steps.slice(-SHOWN_STEPS).reverse();
    const aside =
        path.steps.length > shown.length
            ? `the latest ${shown.length} of ${path.steps.length}, latest first`
            : "latest first";
    const verdict = executionVerdict(execution);
    const end = { verdict, route: execution.outcome ? (execution.task.route ?? "") : "" };
    return [
        section(
            "Graph",
            "what was taken is drawn strong; names and errors are in the tooltips",
            h(
                "div",
                { class: "scroll graph-box", id: "graph", "data-scroll": "", tabindex: 0 },
                graphView(machine.definition, path, end),
            ),
        ),
        section(
            "States",
            aside,
            shown.length
                ? table(
                      ["State", "Entered", "For", "Errors", "Data"],
                      shown.flatMap((step, index) => stepRows(step, index === 0, execution, now, data)),
                  )
                : empty("No state has been entered yet.", ""),
        ),
        h(
            "details",
            { id: "own-data" },
            h("summary", { id: "own-data-summary" }, "Input and output of the execution"),
            dataView([
                ["Input", execution.input],
                ["Output", execution.output],
            ]),
        ),
    ];
}

/**
 * @param {Step} step
 * @param {boolean} isLast
 * @param {DescribedExecution} execution
 * @param {number} now
 * @param {StateData} data
 */
function stepRows(step, isLast, execution, now, data) {
    const open = step.exited === null && execution.status === "RUNNING";
    const end = step.exited ?? execution.stopped ?? now;
    const isOpen = data.open.has(step.enteredId);
    const row = h(
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
        h("td", { class: "wide" }, problems(step.problems), isLast ? taskFailure(execution) : null),
        h(
            "td",
            {},
            h(
                "button",
                {
                    type: "button",
                    id: `data-${step.enteredId}`,
                    "aria-expanded": String(isOpen),
                    click: () => data.toggle(execution.arn, step),
                },
                isOpen ? "Hide" : "Input, output",
            ),
        ),
    );
    const below = h(
        "tr",
        { class: "unfolded" },
        h("td", { colspan: 5 }, isOpen ? dataView(data.of(step)) : null),
    );
    return isOpen ? [row, below] : [row];
}

/**
 * The failure of the task that the execution reported.
 * @param {Execution} execution
 */
function taskFailure({ outcome }) {
    if (!outcome || tone(outcome.status) !== "bad") return null;
    return h("div", {}, pill(outcome.status), " ", h("span", { class: "bad-text" }, outcome.errorId));
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
export function executionView(main, { executions, now, tell }, { arn }) {
    main.replaceChildren(loading("the execution"));
    /** @type {{ read: ReadExecution, second: number } | null} */
    let shown = null;
    const data = new StateData(executions, () => show(), tell);
    const part = new Part(main, ({ read, second }) => {
        const { execution, machine } = read;
        const { task } = execution;
        return [
            heading(
                [h("a", { href: links.machine(execution.machineArn) }, machine.name), " / execution"],
                execution.name,
                executionPill(execution),
            ),
            facts([
                ["Execution", execution.outcome ? execution.status : ""],
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
            executionParts(read, second, data),
        ];
    });
    const show = () => {
        // What was unfolded is part of what is shown.
        if (shown) part.show({ ...shown, unfolded: data.shown });
    };
    return {
        seconds: 3,
        async read(alive) {
            const read = await readExecution(executions, arn);
            const { execution } = read;
            const second =
                execution.status === "RUNNING"
                    ? Math.floor(now() / 1000) * 1000
                    : (execution.stopped ?? execution.started ?? 0);
            if (!alive()) return;
            shown = { read, second };
            show();
            const verdict = executionVerdict(execution);
            document.title = `${execution.name} ${verdict} ${dateTime(execution.started)}`;
        },
    };
}
