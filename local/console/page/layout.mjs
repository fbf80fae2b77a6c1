// Lays out a directed graph in layers from top to bottom: by longest paths, with cycles broken where a walk from
// the start returns to itself, and neighbours close together. Pure functions: sizes in, places out.

import { lookUp } from "./look-up.mjs";

const LAYER_GAP = 46;
const NODE_GAP = 28;
const BEND_WIDTH = 12;
const MARGIN = 14;
const SWEEPS = 12;

/**
 * `nodes` have `{id, width, height}`, `edges` `{from, to}`. Returns `{width, height, places, routes}`: for each
 * node id its middle `{x, y, layer}`, and for each edge, in their order, the points that it passes.
 * @param {{ start: string, nodes: Box[], edges: Edge[] }} graph
 */
export function layout({ start, nodes, edges }) {
    const { order, back } = walk(start, nodes, edges);
    const layers = layersOf(order, edges, back);
    /** @type {Cells} */
    const cells = new Map(nodes.map((node) => [node.id, cell(node, lookUp(layers, node.id))]));
    const chains = edges.map((edge, index) => chainOf(edge, index, back, cells));
    const rows = rowsOf(cells);
    arrange(rows, cells);
    place(rows, cells);
    const height = stack(rows);
    const all = [...cells.values()];
    const left = Math.min(...all.map((cell) => cell.x - cell.width / 2), 0);
    for (const cell of all) cell.x += MARGIN - left;
    const width = Math.max(...all.map((cell) => cell.x + cell.width / 2), 0) + MARGIN;
    return {
        width,
        height,
        places: new Map(
            nodes.map(({ id }) => [
                id,
                { x: lookUp(cells, id).x, y: lookUp(cells, id).y, layer: lookUp(layers, id) },
            ]),
        ),
        routes: routesOf(edges, chains, cells),
    };
}

/**
 * A cell that is not placed yet.
 * @param {Box} box
 * @param {number} layer
 * @returns {Cell}
 */
function cell({ id, width, height }, layer) {
    return { id, width, height, layer, near: [], index: 0, x: 0, y: 0 };
}

/**
 * Topological order of the nodes. The edges in `back` are ignored.
 * @param {string} start
 * @param {Box[]} nodes
 * @param {Edge[]} edges
 */
function walk(start, nodes, edges) {
    /** @type {Map<string, { to: string, index: number }[]>} */
    const following = new Map(nodes.map(({ id }) => [id, []]));
    for (const [index, { from, to }] of edges.entries()) lookUp(following, from).push({ to, index });
    const state = new Map();
    const back = new Set();
    /** @type {string[]} */
    const order = [];
    /** @param {string} id */
    const visit = (id) => {
        state.set(id, "open");
        for (const { to, index } of lookUp(following, id)) {
            if (state.get(to) === "open") back.add(index);
            else if (!state.has(to)) visit(to);
        }
        state.set(id, "done");
        order.unshift(id);
    };
    for (const id of [start, ...nodes.map((node) => node.id)])
        if (following.has(id) && !state.has(id)) visit(id);
    return { order, back };
}

/**
 * @param {string[]} order
 * @param {Edge[]} edges
 * @param {Set<number>} back
 */
function layersOf(order, edges, back) {
    const layers = new Map(order.map((id) => [id, 0]));
    for (const id of order) {
        for (const [index, { from, to }] of edges.entries()) {
            if (from === id && !back.has(index))
                layers.set(to, Math.max(lookUp(layers, to), lookUp(layers, id) + 1));
        }
    }
    return layers;
}

/**
 * The cells that an edge passes, from the upper end to the lower one: bends stand in the layers between.
 * @param {Edge} edge
 * @param {number} index
 * @param {Set<number>} back
 * @param {Cells} cells
 * @returns {string[]}
 */
function chainOf({ from, to }, index, back, cells) {
    if (from === to) return [];
    const [upper, lower] = back.has(index) ? [to, from] : [from, to];
    const chain = [upper];
    for (let layer = lookUp(cells, upper).layer + 1; layer < lookUp(cells, lower).layer; layer += 1) {
        const id = `bend ${index} ${layer}`;
        cells.set(id, cell({ id, width: BEND_WIDTH, height: 0 }, layer));
        chain.push(id);
    }
    chain.push(lower);
    for (let i = 1; i < chain.length; i += 1) {
        lookUp(cells, chain[i - 1]).near.push(chain[i]);
        lookUp(cells, chain[i]).near.push(chain[i - 1]);
    }
    return chain;
}

/** @param {Cells} cells */
function rowsOf(cells) {
    /** @type {Cell[][]} */
    const rows = [];
    for (const cell of cells.values()) {
        rows[cell.layer] ??= [];
        rows[cell.layer].push(cell);
    }
    return rows.filter(Boolean);
}

/**
 * Order each row by where its neighbours in the row above, then below, stand; keep the fewest crossings.
 * @param {Cell[][]} rows
 * @param {Cells} cells
 */
function arrange(rows, cells) {
    for (const row of rows) number(row);
    let best = { crossings: crossings(rows, cells), rows: rows.map((row) => [...row]) };
    for (let sweep = 0; sweep < SWEEPS && best.crossings > 0; sweep += 1) {
        const down = sweep % 2 === 0;
        for (const row of down ? rows : [...rows].reverse()) {
            const wish = new Map(row.map((cell) => [cell, middle(cell, cells, down ? -1 : 1, "index")]));
            row.sort((a, b) => lookUp(wish, a) - lookUp(wish, b) || a.index - b.index);
            number(row);
        }
        const now = crossings(rows, cells);
        if (now < best.crossings) best = { crossings: now, rows: rows.map((row) => [...row]) };
    }
    rows.splice(0, rows.length, ...best.rows);
    for (const row of rows) number(row);
}

/**
 * Numbers the cells of a row.
 * @param {Cell[]} row
 */
function number(row) {
    for (const [index, cell] of row.entries()) cell.index = index;
}

/**
 * The mean of a property of a cell's neighbours on one side; the cell's own if it has none there.
 * @param {Cell} cell
 * @param {Cells} cells
 * @param {number} side
 * @param {"index" | "x"} property
 */
function middle(cell, cells, side, property) {
    const values = cell.near
        .map((id) => lookUp(cells, id))
        .filter((other) => Math.sign(other.layer - cell.layer) === side)
        .map((other) => other[property]);
    return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : cell[property];
}

/**
 * @param {Cell[][]} rows
 * @param {Cells} cells
 */
function crossings(rows, cells) {
    let found = 0;
    for (const row of rows) {
        const lines = row.flatMap((cell) =>
            cell.near
                .map((id) => lookUp(cells, id))
                .filter((other) => other.layer > cell.layer)
                .map((other) => [cell.index, other.index]),
        );
        for (const [i, [a, b]] of lines.entries()) {
            found += lines.slice(i + 1).filter(([c, d]) => (a - c) * (b - d) < 0).length;
        }
    }
    return found;
}

/**
 * Sets the columns: each cell as close to its neighbours as its row allows.
 * @param {Cell[][]} rows
 * @param {Cells} cells
 */
function place(rows, cells) {
    for (const row of rows) settle(row, () => 0);
    for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
        const side = sweep % 2 === 0 ? -1 : 1;
        for (const row of side < 0 ? rows : [...rows].reverse())
            settle(row, (cell) => middle(cell, cells, side, "x"));
    }
}

/**
 * The places closest to the wishes of a row's cells that keep their order and gaps.
 * @param {Cell[]} row
 * @param {(cell: Cell) => number} wish
 */
function settle(row, wish) {
    /** @type {number[]} */
    const offsets = [];
    row.forEach((cell, i) => {
        const before = row[i - 1];
        offsets.push(i === 0 ? 0 : offsets[i - 1] + (before.width + cell.width) / 2 + NODE_GAP);
    });
    // Cells that would overlap move as one block, to the mean of their wishes.
    /** @type {{ at: number, cells: number[] }[]} */
    const blocks = [];
    row.forEach((cell, i) => {
        blocks.push({ at: wish(cell) - offsets[i], cells: [i] });
        while (blocks.length > 1) {
            const [left, right] = blocks.slice(-2);
            if (left.at <= right.at) break;
            blocks.splice(-2);
            const size = left.cells.length + right.cells.length;
            const at = (left.at * left.cells.length + right.at * right.cells.length) / size;
            blocks.push({ at, cells: [...left.cells, ...right.cells] });
        }
    });
    for (const block of blocks) for (const i of block.cells) row[i].x = block.at + offsets[i];
}

/**
 * Sets the rows, one below the other. Returns the total height.
 * @param {Cell[][]} rows
 */
function stack(rows) {
    let y = MARGIN;
    for (const row of rows) {
        const height = Math.max(...row.map((cell) => cell.height));
        for (const cell of row) cell.y = y + height / 2;
        y += height + LAYER_GAP;
    }
    return rows.length ? y - LAYER_GAP + MARGIN : 2 * MARGIN;
}

/**
 * Routes the edges. They leave and reach a node side by side, ordered by their other ends.
 * @param {Edge[]} edges
 * @param {string[][]} chains
 * @param {Cells} cells
 * @returns {Point[][]}
 */
function routesOf(edges, chains, cells) {
    /** @type {Map<string, { edge: number, x: number }[]>} */
    const ports = new Map();
    chains.forEach((chain, edge) => {
        if (!chain.length) return;
        const [beforeLast, last] = chain.slice(-2);
        for (const { end, next, side } of [
            { end: chain[0], next: chain[1], side: 1 },
            { end: last, next: beforeLast, side: -1 },
        ]) {
            const key = `${side} ${end}`;
            ports.set(key, [...(ports.get(key) ?? []), { edge, x: lookUp(cells, next).x }]);
        }
    });
    /**
     * @param {string} id
     * @param {number} side
     * @param {number} edge
     */
    const port = (id, side, edge) => {
        const here = lookUp(ports, `${side} ${id}`).sort((a, b) => a.x - b.x || a.edge - b.edge);
        const cell = lookUp(cells, id);
        const gap = Math.min(22, (cell.width - 24) / here.length);
        const place = here.findIndex((port) => port.edge === edge) - (here.length - 1) / 2;
        return { x: cell.x + place * gap, y: cell.y + (side * cell.height) / 2 };
    };
    return edges.map((edge, index) => {
        const chain = chains[index];
        if (!chain.length) return [];
        const bends = chain.slice(1, -1).map((id) => ({ x: lookUp(cells, id).x, y: lookUp(cells, id).y }));
        const points = [port(chain[0], 1, index), ...bends, port(chain[chain.length - 1], -1, index)];
        return chain[0] === edge.from ? points : points.reverse();
    });
}
