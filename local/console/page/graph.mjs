// A state machine's definition (Amazon States Language) as a graph.

/**
 * `{start, nodes: [{id, type, comment}], edges: [{from, to, kinds, labels}]}`; one edge for each pair of states.
 * @param {Definition} definition
 * @returns {Graph}
 */
export function graphOf(definition) {
    const nodes = Object.entries(definition.States).map(([id, state]) => ({
        id,
        type: state.Type,
        comment: state.Comment ?? "",
    }));
    const edges = new Map();
    for (const [from, state] of Object.entries(definition.States)) {
        for (const { to, kind, label } of transitions(state)) {
            const key = edgeKey(from, to);
            const edge = edges.get(key) ?? { from, to, kinds: [], labels: [] };
            if (!edge.kinds.includes(kind)) edge.kinds.push(kind);
            if (label && !edge.labels.includes(label)) edge.labels.push(label);
            edges.set(key, edge);
        }
    }
    const known = new Set(nodes.map(({ id }) => id));
    return { start: definition.StartAt, nodes, edges: [...edges.values()].filter(({ to }) => known.has(to)) };
}

/**
 * The key of the transition from one state to another.
 * @param {string} from
 * @param {string} to
 */
export function edgeKey(from, to) {
    return JSON.stringify([from, to]);
}

/** @param {State} state */
function* transitions(state) {
    if (state.Next) yield { to: state.Next, kind: "next", label: "" };
    for (const choice of state.Choices ?? []) {
        yield { to: choice.Next, kind: "choice", label: choice.Condition ?? choice.Variable ?? "" };
    }
    if (state.Default) yield { to: state.Default, kind: "default", label: "otherwise" };
    for (const caught of state.Catch ?? []) {
        yield { to: caught.Next, kind: "catch", label: `on ${(caught.ErrorEquals ?? []).join(", ")}` };
    }
}
