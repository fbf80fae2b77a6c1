// The search and the status filter of the list of pipelines.

import { h, Part } from "./dom.mjs";
import { links } from "./routes.mjs";

/**
 * They stay as they are while the list changes.
 * @param {{ search: string, status: string, page: number }} wanted
 * @param {() => void} changed
 */
export function filterView(wanted, changed) {
    /** @param {Partial<{ search: string, status: string }>} change */
    const want = (change) => {
        Object.assign(wanted, change, { page: 1 });
        window.history.replaceState(null, "", links.home(wanted));
        changed();
    };
    const search = h("input", {
        type: "search",
        id: "search",
        placeholder: "Name, id or description",
        value: wanted.search,
        input: () => want({ search: search.value }),
    });
    const status = h("select", { id: "status", change: () => want({ status: status.value }) });
    /** @type {Part<{ counts: { status: string, count: number }[] }>} */
    const options = new Part(status, ({ counts }) => [
        h("option", { value: "" }, "any"),
        [...new Set([...counts.map(({ status }) => status), wanted.status])].filter(Boolean).map((value) => {
            const count = counts.find(({ status }) => status === value)?.count ?? 0;
            return h("option", { value, selected: value === wanted.status }, `${value} (${count})`);
        }),
    ]);
    const element = h(
        "form",
        { class: "filter", role: "search", submit: (/** @type {Event} */ event) => event.preventDefault() },
        h("label", {}, "Search", search),
        h("label", {}, "Status", status),
    );
    /** @param {{ status: string, count: number }[]} counts */
    const setStatuses = (counts) => options.show({ counts });
    return { element, setStatuses };
}
