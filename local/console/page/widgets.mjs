// Pieces shared by several views.

import { h } from "./dom.mjs";
import { isRunTask } from "./run-task.mjs";
import { dateTime } from "./timeline.mjs";
import { executionVerdict, pipelineVerdict, tone } from "./verdict.mjs";

/**
 * @param {string | undefined} status
 * @param {string} title
 */
export function pill(status, title = "") {
    return status ? h("span", { class: `pill ${tone(status)}`, title: title || null }, status) : null;
}

/**
 * A pipeline's health if that is bad, else its state.
 * @param {Partial<Pipeline>} pipeline
 */
export function pipelinePill(pipeline) {
    const verdict = pipelineVerdict(pipeline);
    const differs = verdict !== (pipeline.state ?? "");
    return pill(verdict, differs ? `Health ${verdict}, state ${pipeline.state}` : "");
}

/**
 * How the task of an execution ended, or else the execution's status. While the outcome of a task is not known, the
 * success of its execution has no colour: that says nothing about the task.
 * @param {Execution} execution
 */
export function executionPill(execution) {
    const { status, outcome, machineArn } = execution;
    const verdict = executionVerdict(execution);
    if (outcome) {
        const told = `The task: ${[outcome.status, outcome.errorId].filter(Boolean).join(", ")}. The execution: ${status}.`;
        return pill(verdict, told);
    }
    const isOpen = status === "SUCCEEDED" && isRunTask(machineArn ?? "");
    return isOpen ? h("span", { class: "pill quiet" }, status) : pill(status);
}

/**
 * That time is scaled, for whoever reads a time of Data Pipeline; empty if it is not.
 * @param {Settings} settings
 */
export function clockNote({ clock }) {
    return clock.scale === 1 ? "" : `, by its clock that runs ${clock.scale} times as fast as this machine's`;
}

/** @param {string} what */
export function loading(what) {
    return h("p", { class: "loading", role: "status" }, `Reading ${what} …`);
}

/**
 * Names with their values, without empty ones.
 * @param {[name: string, value: Child][]} pairs
 */
export function facts(pairs) {
    const given = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
    return h(
        "dl",
        { class: "facts" },
        given.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    );
}

/** @param {number | null} milliseconds */
export function time(milliseconds) {
    return milliseconds === null
        ? ""
        : h("time", { datetime: new Date(milliseconds).toISOString() }, dateTime(milliseconds));
}

/**
 * What to do when there is nothing yet. `commands` is shown as typed.
 * @param {string} title
 * @param {string} text
 */
export function empty(title, text, commands = "") {
    return h(
        "div",
        { class: "empty" },
        h("p", { class: "empty-title" }, title),
        text ? h("p", {}, text) : null,
        commands ? h("pre", { tabindex: 0, id: "commands" }, commands) : null,
    );
}

/**
 * Links to the neighbouring pages, if there is more than one page. `link` makes an address of a number; `pages` is
 * null if nobody knows how many there are, but that `hasOlder`.
 * @param {{ page: number, pages: number | null, hasOlder?: boolean }} chosen
 * @param {(page: number) => string} link
 * @param {string} what
 */
export function pager({ page, pages, hasOlder = pages !== null && page < pages }, link, what) {
    if (page === 1 && !hasOlder) return null;
    return h(
        "nav",
        { class: "pager", "aria-label": `Pages of ${what}` },
        page > 1 ? h("a", { href: link(page - 1), id: "newer" }, "Newer") : h("span", {}, "Newer"),
        h("span", { class: "where" }, pages === null ? `Page ${page}` : `Page ${page} of ${pages}`),
        hasOlder ? h("a", { href: link(page + 1), id: "older" }, "Older") : h("span", {}, "Older"),
    );
}

/**
 * @param {Child} above
 * @param {string} title
 * @param {Child} status
 */
export function heading(above, title, status) {
    return h(
        "div",
        { class: "heading" },
        above ? h("p", { class: "above" }, above) : null,
        h("h1", {}, title, " ", status),
    );
}

/**
 * A titled part of a view.
 * @param {string} title
 * @param {string} aside
 * @param {Child[]} children
 */
export function section(title, aside, ...children) {
    return h(
        "section",
        {},
        h("div", { class: "section-title" }, h("h2", {}, title), aside ? h("p", {}, aside) : null),
        children,
    );
}

/**
 * A table. Where it is too narrow for columns, each cell shows the header of its column.
 * @param {string[]} headers
 * @param {HTMLTableRowElement[]} rows
 */
export function table(headers, rows) {
    for (const row of rows.filter(({ cells }) => cells.length === headers.length))
        for (const [index, cell] of [...row.cells].entries()) cell.dataset.label = headers[index];
    return h(
        "div",
        { class: "scroll", id: `table-${headers[0]}`, "data-scroll": "" },
        h(
            "table",
            {},
            h(
                "thead",
                {},
                h(
                    "tr",
                    {},
                    headers.map((header) => h("th", { scope: "col" }, header)),
                ),
            ),
            h("tbody", {}, rows),
        ),
    );
}
