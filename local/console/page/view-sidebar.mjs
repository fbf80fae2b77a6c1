// The pipelines and the state machines, beside each view.

import { h, Part } from "./dom.mjs";
import { pageOf } from "./pipelines.mjs";
import { links } from "./routes.mjs";
import { pill } from "./widgets.mjs";

// Together with the shown pipeline, as many as one DescribePipelines accepts.
const PAGE = 24;

/**
 * @param {HTMLElement} sidebar
 * @param {Reads} reads
 * @param {() => string} current
 */
export function sidebarView(sidebar, { pipelines, executions }, current) {
    let page = 1;
    /** @type {{ listed: Listed[], machines: ListedMachine[] }} */
    let known = { listed: [], machines: [] };
    /** @param {number} by */
    const turn = (by) => () => {
        page += by;
        show();
    };
    /** @type {Part<{ chosen: Page<Listed>, total: number, machines: ListedMachine[], here: string }>} */
    const part = new Part(sidebar, ({ chosen, total, machines, here }) => [
        h("h2", {}, "Pipelines", h("span", { class: "count" }, String(total))),
        chosen.items.length
            ? h(
                  "ul",
                  {},
                  chosen.items.map(({ id, name, state }) =>
                      entry(links.pipeline(id), name, state, here === id),
                  ),
              )
            : h("p", { class: "hint" }, "none yet"),
        chosen.pages > 1
            ? h(
                  "div",
                  { class: "pager" },
                  h(
                      "button",
                      { type: "button", id: "newer-pipelines", click: turn(-1), disabled: chosen.page === 1 },
                      "Newer",
                  ),
                  h("span", { class: "where" }, `${chosen.page} of ${chosen.pages}`),
                  h(
                      "button",
                      {
                          type: "button",
                          id: "older-pipelines",
                          click: turn(1),
                          disabled: chosen.page === chosen.pages,
                      },
                      "Older",
                  ),
              )
            : null,
        h("h2", {}, "State machines", h("span", { class: "count" }, String(machines.length))),
        machines.length
            ? h(
                  "ul",
                  {},
                  machines.map(({ name, arn }) => entry(links.machine(arn), name, "", here === arn)),
              )
            : h("p", { class: "hint" }, "none yet"),
    ]);
    const show = () => {
        const chosen = pageOf(known.listed, page, PAGE);
        page = chosen.page;
        part.show({ chosen, total: known.listed.length, machines: known.machines, here: current() });
    };
    return {
        seconds: 10,
        show,
        async read() {
            const listed = await pipelines.list();
            const seen = pageOf(listed, page, PAGE).items;
            const here = listed.filter(({ id }) => id === current());
            await pipelines.describe([...new Set([...seen, ...here].map(({ id }) => id))]);
            known = {
                listed: listed.map((pipeline) => ({ ...pipeline, ...pipelines.described.get(pipeline.id) })),
                machines: await executions.machines(),
            };
            show();
        },
    };
}

/**
 * @param {string} href
 * @param {string} name
 * @param {string | undefined} status
 * @param {boolean} isHere
 */
function entry(href, name, status, isHere) {
    return h(
        "li",
        {},
        h(
            "a",
            { href, "aria-current": isHere ? "page" : null, title: name },
            h("span", { class: "entry-name" }, name),
            pill(status),
        ),
    );
}
