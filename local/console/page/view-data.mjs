// Inputs and outputs. Secrets and claims have been taken out where the answer was read.

import { h } from "./dom.mjs";
import { loading } from "./widgets.mjs";

const MOST_CHARACTERS = 20_000;

/**
 * Texts side by side; null until they are read.
 * @param {[name: string, text: string][] | null} texts
 */
export function dataView(texts) {
    if (texts === null) return loading("input and output");
    return h(
        "div",
        { class: "data" },
        texts.map(([title, text]) =>
            h("div", {}, h("p", { class: "hint" }, title), h("pre", { tabindex: 0 }, readable(text))),
        ),
    );
}

/**
 * JSON in lines, and of a long text the beginning.
 * @param {string} text
 */
export function readable(text) {
    if (!text) return "none";
    const lines = inLines(text);
    const left = lines.length - MOST_CHARACTERS;
    return left > 0 ? `${lines.slice(0, MOST_CHARACTERS)}\n… and ${left} more characters` : lines;
}

/** @param {string} text */
function inLines(text) {
    try {
        return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
        return text;
    }
}
