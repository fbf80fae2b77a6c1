// Elements. Text is always a text node, so that nothing that is shown can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Attributes that are functions listen to the event that they are named for. */
export function h(tag, attributes = {}, ...children) {
    return filled(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg(tag, attributes = {}, ...children) {
    return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function") element.addEventListener(name, value);
        else if (value !== null && value !== undefined && value !== false)
            element.setAttribute(name, String(value));
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
    return element;
}

/** A part of the page that is made anew when what it shows has changed, and only then. */
export class Part {
    constructor(element, render) {
        this.element = element;
        this.render = render;
        this.shown = null;
    }

    show(model) {
        const key = JSON.stringify(model);
        if (key === this.shown || this.#isBeingSelected()) return;
        this.shown = key;
        const before = this.#state();
        this.element.replaceChildren(...[this.render(model)].flat(Infinity).filter(Boolean));
        this.#restore(before);
    }

    /** Whether somebody is about to copy text from here; then the next reading is soon enough. */
    #isBeingSelected() {
        const selection = document.getSelection();
        return selection !== null && !selection.isCollapsed && this.element.contains(selection.anchorNode);
    }

    /** What the reader has done here: focus, scrolling, what is unfolded. */
    #state() {
        return {
            focused: this.element.contains(document.activeElement) ? nameOf(document.activeElement) : "",
            scrolled: new Map(
                this.#all("[data-scroll]").map((box) => [
                    box.id,
                    { left: box.scrollLeft, top: isAtEnd(box) ? null : box.scrollTop },
                ]),
            ),
            unfolded: this.#all("details[open]").map(({ id }) => id),
        };
    }

    #restore({ focused, scrolled, unfolded }) {
        for (const details of this.#all("details")) details.open = unfolded.includes(details.id);
        for (const box of this.#all("[data-scroll]")) {
            const { left, top } = scrolled.get(box.id) ?? { left: 0, top: null };
            // What grows at its end is followed there, unless the reader has scrolled up.
            box.scrollTo({ left, top: top ?? (box.dataset.scroll === "end" ? box.scrollHeight : 0) });
        }
        if (focused)
            this.#all("a, button, summary, [tabindex]")
                .find((control) => nameOf(control) === focused)
                ?.focus({ preventScroll: true });
    }

    #all(selector) {
        return [...this.element.querySelectorAll(selector)];
    }
}

function isAtEnd(element) {
    return (
        element.dataset.scroll === "end" &&
        element.scrollTop + element.clientHeight >= element.scrollHeight - 4
    );
}

/** What finds a control again when the part has been made anew. */
function nameOf(element) {
    return element.id || element.getAttribute("href") || "";
}
