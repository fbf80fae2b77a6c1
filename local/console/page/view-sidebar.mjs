// The pipelines and the state machines, beside each view.

import { h, Part } from "./dom.mjs";
import { pageOf } from "./objects.mjs";
import { links } from "./routes.mjs";
import { failedFirst } from "./verdict.mjs";
import { loading, pipelinePill } from "./widgets.mjs";

const PAGE = 25;

/**
 * @param {HTMLElement} sidebar
 * @param {Reads} reads
 * @param {() => string} current
 */
export function sidebarView(sidebar, { pipelines, executions, settings }, current) {
    let page = 1;
    /** @type {ListedMachine[] | null} */
    let machines = null;
    /** @param {number} by */
    const turn = (by) => () => {
        page += by;
        show();
    };
    /** @type {Part<{ chosen: Page<Listed> | null, total: number, undescribed: number, machines: ListedMachine[] | null, here: string }>} */
    const part = new Part(sidebar, ({ chosen, total, undescribed, machines, here }) => [
        title("Pipelines", chosen ? total : null),
        chosen === null
            ? loading("the pipelines")
            : chosen.items.length
              ? h(
                    "ul",
                    {},
                    chosen.items.map((pipeline) =>
                        entry(
                            links.pipeline(pipeline.id),
                            pipeline.name,
                            pipelinePill(pipeline),
                            here === pipeline.id,
                        ),
                    ),
                )
              : h("p", { class: "hint" }, "none yet"),
        undescribed ? loading(`the states of ${undescribed}`) : null,
        chosen && chosen.pages > 1 ? turner(chosen, turn) : null,
        total ? h("p", { class: "hint" }, h("a", { href: links.home() }, "Search and filter all")) : null,
        title("State machines", machines?.length ?? null),
        machines === null
            ? loading("the state machines")
            : machines.length
              ? h(
                    "ul",
                    {},
                    machines.map(({ name, arn }) => entry(links.machine(arn), name, null, here === arn)),
                )
              : h("p", { class: "hint" }, "none yet"),
    ]);
    const show = () => {
        const known = pipelines.current();
        const chosen = known && pageOf(failedFirst(known.all), page, PAGE);
        page = chosen?.page ?? page;
        const total = known?.all.length ?? 0;
        const undescribed = known?.undescribed ?? 0;
        part.show({ chosen, total, undescribed, machines, here: current() });
    };
    show();
    return {
        seconds: 10,
        show,
        async read() {
            machines = await executions.machines(settings.stack);
            show();
        },
    };
}

/**
 * @param {string} text
 * @param {number | null} count
 */
function title(text, count) {
    return h("h2", {}, text, count === null ? null : h("span", { class: "count" }, String(count)));
}

/**
 * @param {Page<Listed>} chosen
 * @param {(by: number) => () => void} turn
 */
function turner({ page, pages }, turn) {
    const back = { type: "button", id: "previous-pipelines", click: turn(-1), disabled: page === 1 };
    const on = { type: "button", id: "next-pipelines", click: turn(1), disabled: page === pages };
    return h(
        "div",
        { class: "pager" },
        h("button", back, "Back"),
        h("span", { class: "where" }, `${page} of ${pages}`),
        h("button", on, "More"),
    );
}

/**
 * @param {string} href
 * @param {string} name
 * @param {Child} status
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
            status,
        ),
    );
}
