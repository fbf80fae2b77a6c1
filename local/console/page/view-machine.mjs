// A state machine's executions, latest first.

import { h, Part } from "./dom.mjs";
import { pageOf } from "./objects.mjs";
import { links } from "./routes.mjs";
import { isRunTask } from "./run-task.mjs";
import { duration } from "./timeline.mjs";
import { graphView } from "./view-graph.mjs";
import { empty, executionPill, facts, heading, loading, pager, section, table, time } from "./widgets.mjs";

const PAGE = 20;
const MOST = 1000;

/**
 * @param {HTMLElement} main
 * @param {Reads} reads
 * @param {{ arn: string, page: number }} wanted
 * @returns {View}
 */
export function machineView(main, { executions, now }, { arn, page }) {
    main.replaceChildren(loading("the state machine"));
    /** @type {Part<{ machine: Machine, chosen: Page<Execution>, total: number, running: number, second: number }>} */
    const part = new Part(main, ({ machine, chosen, total, running, second }) => [
        heading("State machine", machine.name, null),
        facts([
            ["Executions", total === MOST ? `the latest ${MOST}` : String(total)],
            ["Running", String(running)],
            ["About", machine.definition.Comment ?? ""],
        ]),
        section(
            "Executions",
            "latest first",
            chosen.items.length
                ? table(
                      ["Execution", isRunTask(arn) ? "Task" : "Status", "Error", "Started", "Took"],
                      chosen.items.map((execution) => row(execution, second)),
                  )
                : empty(
                      "No execution yet.",
                      "PollLoop is started by its schedule, and RunTask by PollLoop when it has taken a task.",
                  ),
            pager(chosen, (number) => links.machine(arn, number), "executions"),
        ),
        section(
            "Graph",
            "",
            h(
                "div",
                { class: "scroll graph-box", id: "graph", "data-scroll": "", tabindex: 0 },
                graphView(machine.definition, null),
            ),
        ),
    ]);
    return {
        seconds: 4,
        async read(alive) {
            const machine = await executions.machine(arn);
            const all = await executions.list(arn, MOST);
            const running = all.filter(({ status }) => status === "RUNNING").length;
            const second = running ? Math.floor(now() / 1000) * 1000 : 0;
            const chosen = pageOf(all, page, PAGE);
            const show = () => {
                if (!alive()) return;
                const items = executions.withOutcomes(chosen.items);
                part.show({ machine, chosen: { ...chosen, items }, total: all.length, running, second });
            };
            document.title = machine.name;
            show();
            await executions.readOutcomes(chosen.items);
            show();
        },
    };
}

/**
 * @param {Execution} execution
 * @param {number} now
 */
function row(execution, now) {
    return h(
        "tr",
        {},
        h("td", { class: "name" }, h("a", { href: links.execution(execution.arn) }, execution.name)),
        h("td", {}, executionPill(execution)),
        h("td", { class: "bad-text" }, execution.outcome?.errorId ?? ""),
        h("td", { class: "number" }, time(execution.started)),
        h("td", { class: "number" }, duration((execution.stopped ?? now) - (execution.started ?? now))),
    );
}
