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
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, String(value));
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
    if (key === this.shown) return;
    this.shown = key;
    const focused = this.element.contains(document.activeElement) ? nameOf(document.activeElement) : "";
    const scrolled = [...this.element.querySelectorAll("[data-scroll]")].map((e) => [e.id, e.scrollLeft, e.scrollTop]);
    this.element.replaceChildren(...[this.render(model)].flat(Infinity).filter(Boolean));
    for (const [id, left, top] of scrolled) document.getElementById(id)?.scrollTo({ left, top });
    if (focused) this.#controls().find((one) => nameOf(one) === focused)?.focus({ preventScroll: true });
  }

  #controls() {
    return [...this.element.querySelectorAll("a, button, [tabindex]")];
  }
}

/** What finds a control again when the part has been made anew. */
function nameOf(element) {
  return element.id || element.getAttribute("href") || "";
}
