// Which activities of a pipeline wait for which, from its definition.

import { edgeKey } from "./graph.mjs";

/** @type {Record<string, string>} */
const WHY = { dependsOn: "depends on it", data: "reads what it writes" };

/**
 * The activities as a graph. An activity waits for another by `dependsOn`, or by a data node that the other one
 * writes (`output`) and it reads (`input`). Both may be inherited from a parent.
 * @param {any[]} objects
 * @returns {Graph}
 */
export function dependenciesOf(objects) {
    const byId = new Map(objects.map((object) => [object.id, object]));
    const activities = objects.filter((object) => typeOf(object, byId).endsWith("Activity"));
    const ids = new Set(activities.map(({ id }) => id));
    /** @type {Map<string, Edge>} */
    const edges = new Map();
    /**
     * @param {string} from
     * @param {string} to
     * @param {string} kind
     */
    const join = (from, to, kind) => {
        if (!ids.has(from) || from === to) return;
        const edge = edges.get(edgeKey(from, to)) ?? { from, to, kinds: [], labels: [] };
        if (!edge.kinds.includes(kind)) {
            edge.kinds.push(kind);
            edge.labels.push(WHY[kind]);
        }
        edges.set(edgeKey(from, to), edge);
    };
    const writers = writersOf(activities, byId);
    for (const activity of activities) {
        for (const other of references(activity, "dependsOn", byId)) join(other, activity.id, "dependsOn");
        for (const node of references(activity, "input", byId))
            for (const writer of writers.get(node) ?? []) join(writer, activity.id, "data");
    }
    const waits = new Set([...edges.values()].map(({ to }) => to));
    const nodes = activities.map((activity) => ({
        id: activity.id,
        type: typeOf(activity, byId),
        comment: conditions(activity, byId),
    }));
    const start = nodes.find(({ id }) => !waits.has(id)) ?? nodes[0];
    return { start: start?.id ?? "", nodes, edges: [...edges.values()] };
}

/**
 * The activities that write each data node.
 * @param {any[]} activities
 * @param {Map<string, any>} byId
 */
function writersOf(activities, byId) {
    /** @type {Map<string, string[]>} */
    const writers = new Map();
    for (const activity of activities)
        for (const node of references(activity, "output", byId))
            writers.set(node, [...(writers.get(node) ?? []), activity.id]);
    return writers;
}

/**
 * @param {any} activity
 * @param {Map<string, any>} byId
 */
function conditions(activity, byId) {
    const names = ["precondition", "input"].flatMap((key) =>
        references(activity, key, byId).flatMap((id) =>
            key === "precondition" ? [id] : references(byId.get(id), "precondition", byId),
        ),
    );
    return names.length ? `Preconditions: ${[...new Set(names)].join(", ")}` : "";
}

/**
 * @param {any} object
 * @param {Map<string, any>} byId
 * @returns {string}
 */
function typeOf(object, byId) {
    return values(object, "type", byId)[0]?.stringValue ?? "";
}

/**
 * @param {any} object
 * @param {string} key
 * @param {Map<string, any>} byId
 * @returns {string[]}
 */
function references(object, key, byId) {
    return values(object, key, byId)
        .map(({ refValue }) => refValue)
        .filter(Boolean);
}

/**
 * The fields of a key: the object's own, or else its nearest ancestor's.
 * @param {any} object
 * @param {string} key
 * @param {Map<string, any>} byId
 * @returns {any[]}
 */
function values(object, key, byId, seen = new Set()) {
    if (!object || seen.has(object.id)) return [];
    seen.add(object.id);
    /** @type {any[]} */
    const fields = object.fields ?? [];
    const own = fields.filter((field) => field.key === key);
    const parents = fields.filter((field) => field.key === "parent").map(({ refValue }) => refValue);
    if (own.length) return own;
    // Default is the parent of every object (developer guide, pipeline definition file syntax).
    for (const parent of [...parents, "Default"]) {
        const inherited = values(byId.get(parent), key, byId, seen);
        if (inherited.length) return inherited;
    }
    return [];
}
