// Pieces shared by several views.

import { h } from "./dom.mjs";
import { dateTime } from "./timeline.mjs";

/** @type {Record<string, string[]>} */
const TONES = {
    good: ["FINISHED", "SUCCEEDED", "HEALTHY", "OK"],
    busy: ["RUNNING", "SCHEDULED"],
    waiting: ["WAITING_FOR_RUNNER", "PENDING_REDRIVE", "DEACTIVATING"],
    bad: ["FAILED", "CASCADE_FAILED", "TIMED_OUT", "ERROR", "ALARM"],
    stopped: ["CANCELED", "ABORTED"],
};

/**
 * A status's colour. It is never shown without the word.
 * @param {string} status
 */
export function tone(status) {
    return Object.keys(TONES).find((name) => TONES[name].includes(status)) ?? "quiet";
}

/** @param {string | undefined} status */
export function pill(status) {
    return status ? h("span", { class: `pill ${tone(status)}` }, status) : null;
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
 * Links to the neighbouring pages, if there is more than one page. `link` makes an address of a number.
 * @param {{ page: number, pages: number }} chosen
 * @param {(page: number) => string} link
 * @param {string} what
 */
export function pager({ page, pages }, link, what) {
    if (pages < 2) return null;
    return h(
        "nav",
        { class: "pager", "aria-label": `Pages of ${what}` },
        page > 1 ? h("a", { href: link(page - 1), id: "newer" }, "Newer") : h("span", {}, "Newer"),
        h("span", { class: "where" }, `Page ${page} of ${pages}`),
        page < pages ? h("a", { href: link(page + 1), id: "older" }, "Older") : h("span", {}, "Older"),
    );
}

/**
 * @param {Child} above
 * @param {string} title
 * @param {string} status
 */
export function heading(above, title, status) {
    return h(
        "div",
        { class: "heading" },
        above ? h("p", { class: "above" }, above) : null,
        h("h1", {}, title, " ", pill(status)),
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
 * @param {string[]} headers
 * @param {Child} rows
 */
export function table(headers, rows) {
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
