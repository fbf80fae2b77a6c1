// The activities of a pipeline, and which wait for which, as a graph in the colours of their latest instances.

import { h, svg } from "./dom.mjs";
import { layout } from "./layout.mjs";
import { lookUp } from "./look-up.mjs";
import { links } from "./routes.mjs";
import { tone } from "./verdict.mjs";
import { arrow, curve, label, NODE_HEIGHT, widthOf } from "./view-graph.mjs";

/** @type {[tone: string, text: string][]} */
const LEGEND = [
    ["good", "finished"],
    ["busy", "running"],
    ["waiting", "waits for a runner"],
    ["quiet", "waits, or has not run"],
    ["bad", "failed"],
    ["stopped", "canceled"],
];

/**
 * @param {Graph} graph
 * @param {Instance[]} instances
 * @param {string} pipelineId
 */
export function dependenciesView(graph, instances, pipelineId) {
    const sized = graph.nodes.map((node) => ({ ...node, width: widthOf(node.id), height: NODE_HEIGHT }));
    const { width, height, places, routes } = layout({ ...graph, nodes: sized });
    return svg(
        "svg",
        {
            class: "graph dependencies",
            viewBox: `0 0 ${width} ${height}`,
            width,
            height,
            role: "img",
            "aria-label": graph.edges.map(({ from, to }) => `${to} waits for ${from}`).join(". "),
        },
        svg("defs", {}, arrow("arrow-wait")),
        graph.edges.map((edge, index) => edgeView(edge, routes[index])),
        sized.map((node) => {
            const latest = instances.find(({ component }) => component === node.id);
            return nodeView(node, lookUp(places, node.id), latest, pipelineId);
        }),
    );
}

/**
 * @param {GraphNode & Box} node
 * @param {Point} place
 * @param {Instance | undefined} latest
 * @param {string} pipelineId
 */
function nodeView(node, { x, y }, latest, pipelineId) {
    const attempt = latest?.attempts.at(-1);
    const text = [
        `${node.id} (${node.type})`,
        latest ? `${latest.status}, for ${latest.scheduled.replace("T", " ")}` : "No instance on this page",
        node.comment,
    ];
    const group = svg(
        "g",
        { class: `node ${latest ? `ended ${tone(latest.status)}` : ""}` },
        svg("title", {}, text.filter(Boolean).join("\n")),
        svg("rect", {
            x: x - node.width / 2,
            y: y - node.height / 2,
            width: node.width,
            height: node.height,
            rx: 7,
        }),
        svg("text", { x, y: y + 4.5, "text-anchor": "middle" }, label(node.id)),
    );
    if (!attempt) return group;
    return svg("a", { href: links.attempt(pipelineId, attempt.id), id: `of-${node.id}` }, group);
}

/**
 * @param {Edge} edge
 * @param {Point[]} points
 */
function edgeView({ from, to, kinds, labels }, points) {
    return svg(
        "path",
        { class: ["edge", ...kinds].join(" "), d: curve(points), "marker-end": "url(#arrow-wait)" },
        svg("title", {}, `${to} waits for ${from}: ${labels.join(", ")}`),
    );
}

/** What the colours of statuses and the lines mean. */
export function legend() {
    return h(
        "ul",
        { class: "legend", "aria-label": "Legend" },
        LEGEND.map(([name, text]) => h("li", {}, h("span", { class: `swatch ${name}` }), text)),
        h("li", {}, line("dependsOn"), "dependsOn"),
        h("li", {}, line("data"), "reads what the other writes"),
    );
}

/** @param {string} kind */
function line(kind) {
    return svg(
        "svg",
        { width: 26, height: 8, "aria-hidden": "true" },
        svg("path", { class: `edge ${kind}`, d: "M0,4L26,4" }),
    );
}
