// Creates elements. Text is always a text node, so nothing on the page can become markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element. An attribute that is a function listens to the event it is named after.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} attributes
 * @param {Child[]} children
 */
export function h(tag, attributes = {}, ...children) {
    return filled(document.createElement(tag), attributes, children);
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} attributes
 * @param {Child[]} children
 */
export function svg(tag, attributes = {}, ...children) {
    return filled(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * @template {Element} Made
 * @param {Made} element
 * @param {Record<string, unknown>} attributes
 * @param {Child[]} children
 * @returns {Made}
 */
function filled(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function") element.addEventListener(name, /** @type {EventListener} */ (value));
        else if (value !== null && value !== undefined && value !== false)
            element.setAttribute(name, String(value));
    }
    element.append(...flat(children));
    return element;
}

/**
 * Flattens nested lists of children, and drops empty ones.
 * @param {Child[]} children
 * @returns {(string | Node)[]}
 */
function flat(children) {
    return children.flatMap((child) => {
        if (Array.isArray(child)) return flat(child);
        if (child === null || child === undefined) return [];
        return typeof child === "object" ? child : String(child);
    });
}

/**
 * A part of the page. It is rendered again only when its data has changed.
 * @template Model
 */
export class Part {
    /**
     * @param {HTMLElement} element
     * @param {(model: Model) => Child} render
     */
    constructor(element, render) {
        this.element = element;
        this.render = render;
        /** @type {string | null} */
        this.shown = null;
    }

    /** @param {Model} model */
    show(model) {
        const key = JSON.stringify(model);
        if (key === this.shown || this.#isBeingSelected()) return;
        this.shown = key;
        const before = this.#state();
        this.element.replaceChildren(...flat([this.render(model)]).filter(Boolean));
        this.#restore(before);
    }

    /** Whether the reader is selecting text here. If so, the part is rendered after the next update. */
    #isBeingSelected() {
        const selection = document.getSelection();
        return selection !== null && !selection.isCollapsed && this.element.contains(selection.anchorNode);
    }

    /** The reader's state here: focus, scroll position and what is unfolded. */
    #state() {
        const active = document.activeElement;
        return {
            focused: active !== null && this.element.contains(active) ? nameOf(active) : "",
            scrolled: new Map(
                this.#all("[data-scroll]").map((box) => [
                    box.id,
                    { left: box.scrollLeft, top: isAtEnd(box) ? null : box.scrollTop },
                ]),
            ),
            unfolded: this.#all("details[open]").map(({ id }) => id),
        };
    }

    /** @param {{ focused: string, scrolled: Map<string, { left: number, top: number | null }>, unfolded: string[] }} state */
    #restore({ focused, scrolled, unfolded }) {
        for (const details of this.element.querySelectorAll("details"))
            details.open = unfolded.includes(details.id);
        for (const box of this.#all("[data-scroll]")) {
            const { left, top } = scrolled.get(box.id) ?? { left: leftOf(box), top: null };
            // Follow what grows at its end, unless the reader has scrolled up.
            box.scrollTo({ left, top: top ?? (box.dataset.scroll === "end" ? box.scrollHeight : 0) });
        }
        if (focused)
            this.#all("a, button, summary, [tabindex]")
                .find((control) => nameOf(control) === focused)
                ?.focus({ preventScroll: true });
    }

    /**
     * @param {string} selector
     * @returns {HTMLElement[]}
     */
    #all(selector) {
        return /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll(selector)]);
    }
}

/**
 * How far to scroll a box to the right, at first, so that what is worth a look is in its middle.
 * @param {HTMLElement} box
 */
function leftOf(box) {
    const look = box.querySelector("[data-look]")?.getBoundingClientRect();
    if (!look) return 0;
    return look.left + look.width / 2 - box.getBoundingClientRect().left - box.clientWidth / 2;
}

/** @param {HTMLElement} element */
function isAtEnd(element) {
    return (
        element.dataset.scroll === "end" &&
        element.scrollTop + element.clientHeight >= element.scrollHeight - 4
    );
}

/**
 * Identifies a control, to find it again after the part was rendered.
 * @param {Element} element
 */
function nameOf(element) {
    return element.id || element.getAttribute("href") || "";
}
