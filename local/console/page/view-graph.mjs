// A state machine's graph with an execution's path, as SVG.

import { svg } from "./dom.mjs";
import { edgeKey, graphOf } from "./graph.mjs";
import { layout } from "./layout.mjs";
import { lookUp } from "./look-up.mjs";
import { tone } from "./verdict.mjs";

export const NODE_HEIGHT = 34;
const CHARACTER = 7.3;
const LONGEST_LABEL = 30;

/**
 * `path` is what `follow` returns, or null for a machine by itself; `verdict` is how the execution or its task ended,
 * and `route` the state that ran the task's handler.
 * @param {Definition} definition
 * @param {Path | null} path
 * @param {{ verdict: string, route: string }} end
 */
export function graphView(definition, path, end = { verdict: "", route: "" }) {
    const graph = graphOf(definition);
    const sized = graph.nodes.map((node) => ({ ...node, width: widthOf(node.id), height: NODE_HEIGHT }));
    const { width, height, places, routes } = layout({ ...graph, nodes: sized });
    const look = path ? (path.current ?? path.ended) : graph.start;
    /** @param {Edge} edge */
    const taken = (edge) => path?.taken.get(edgeKey(edge.from, edge.to)) ?? 0;
    const drawn = graph.edges.map((edge, index) => ({ edge, points: routes[index], times: taken(edge) }));
    // The path that was taken is drawn last, above the rest.
    drawn.sort((a, b) => a.times - b.times);
    return svg(
        "svg",
        {
            class: "graph",
            viewBox: `0 0 ${width} ${height}`,
            width,
            height,
            role: "img",
            "aria-label": told(path),
        },
        svg("defs", {}, arrow("arrow"), arrow("arrow-taken")),
        drawn.map(({ edge, points, times }) => edgeView(edge, points, times)),
        sized.map((node) => nodeView(node, lookUp(places, node.id), path, end, node.id === look)),
    );
}

/**
 * @param {GraphNode & Box} node
 * @param {Point} place
 * @param {Path | null} path
 * @param {{ verdict: string, route: string }} end
 * @param {boolean} look
 */
function nodeView(node, { x, y }, path, { verdict, route }, look) {
    const visits = path?.visits.get(node.id) ?? 0;
    const classes = ["node", node.type.toLowerCase()];
    if (visits) classes.push("visited");
    if (path?.current === node.id) classes.push("current");
    const isEnd = path !== null && path.ended === node.id;
    const failedHere = tone(verdict) === "bad" && visits > 0 && node.id === route && path?.ended !== null;
    if (isEnd || failedHere) classes.push("ended", tone(verdict));
    const left = x - node.width / 2;
    const top = y - node.height / 2;
    const text = [
        `${node.id} (${node.type})`,
        node.comment,
        visits ? `Entered ${visits} times` : "Not entered",
        isEnd || failedHere ? verdict : "",
    ];
    return svg(
        "g",
        { class: classes.join(" "), "data-look": look ? "" : null },
        svg("title", {}, text.filter(Boolean).join("\n")),
        svg("rect", {
            x: left,
            y: top,
            width: node.width,
            height: node.height,
            rx: node.type === "Choice" ? 17 : 7,
        }),
        svg("text", { x, y: y + 4.5, "text-anchor": "middle" }, label(node.id)),
        visits > 1 ? svg("circle", { cx: left + node.width, cy: top, r: 11, class: "badge" }) : null,
        visits > 1
            ? svg(
                  "text",
                  { x: left + node.width, y: top + 3.5, "text-anchor": "middle", class: "badge-text" },
                  visits > 999 ? "999+" : visits,
              )
            : null,
    );
}

/**
 * @param {Edge} edge
 * @param {Point[]} points
 * @param {number} times
 */
function edgeView(edge, points, times) {
    if (!points.length) return null;
    const classes = ["edge", ...edge.kinds, ...(times ? ["taken"] : [])];
    const text = [`${edge.from} to ${edge.to}`, ...edge.labels, times ? `Taken ${times} times` : "Not taken"];
    return svg(
        "path",
        {
            class: classes.join(" "),
            d: curve(points),
            "marker-end": `url(#${times ? "arrow-taken" : "arrow"})`,
        },
        svg("title", {}, text.join("\n")),
    );
}

/**
 * A curve that passes through its points vertically.
 * @param {Point[]} points
 */
export function curve(points) {
    const [first, ...others] = points;
    let before = first;
    let path = `M${at(first)}`;
    for (const point of others) {
        const middle = (before.y + point.y) / 2;
        path += `C${at({ x: before.x, y: middle })} ${at({ x: point.x, y: middle })} ${at(point)}`;
        before = point;
    }
    return path;
}

/** @param {Point} point */
const at = ({ x, y }) => `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;

/** @param {string} id */
export function arrow(id) {
    const shape = {
        viewBox: "0 0 8 8",
        refX: 7,
        refY: 4,
        markerWidth: 7,
        markerHeight: 7,
        orient: "auto-start-reverse",
    };
    return svg("marker", { id, class: id, ...shape }, svg("path", { d: "M0,0.5L8,4L0,7.5z" }));
}

/** @param {string} id */
export function label(id) {
    return id.length > LONGEST_LABEL ? `${id.slice(0, LONGEST_LABEL - 1)}…` : id;
}

/** @param {string} id */
export function widthOf(id) {
    return Math.max(74, Math.min(id.length, LONGEST_LABEL) * CHARACTER + 30);
}

/** @param {Path | null} path */
function told(path) {
    if (!path) return "The states of the state machine";
    const names = path.steps.slice(-20).map(({ name }) => name);
    return `States: ${names.join(", ")}. ${path.current ? `Now in ${path.current}.` : ""}`;
}
