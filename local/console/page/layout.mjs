// A directed graph in layers from top to bottom: longest paths, cycles broken where a walk from the start comes
// back to itself, and neighbours near each other. Pure: sizes in, places out.

const LAYER_GAP = 46;
const NODE_GAP = 28;
const BEND_WIDTH = 12;
const MARGIN = 14;
const SWEEPS = 12;

/**
 * `nodes` have `{id, width, height}`, `edges` `{from, to}`. Returns `{width, height, places, routes}`: for each
 * node id its middle `{x, y, layer}`, and for each edge, in their order, the points that it passes.
 */
export function layout({ start, nodes, edges }) {
    const { order, back } = walk(start, nodes, edges);
    const layers = layersOf(order, edges, back);
    const cells = new Map(nodes.map((node) => [node.id, { ...node, layer: layers.get(node.id), near: [] }]));
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
            nodes.map(({ id }) => [id, { x: cells.get(id).x, y: cells.get(id).y, layer: layers.get(id) }]),
        ),
        routes: routesOf(edges, chains, cells),
    };
}

/** Nodes in an order in which each comes after those that lead to it, but for the edges in `back`. */
function walk(start, nodes, edges) {
    const following = new Map(nodes.map(({ id }) => [id, []]));
    for (const [index, { from, to }] of edges.entries()) following.get(from).push({ to, index });
    const state = new Map();
    const back = new Set();
    const order = [];
    const visit = (id) => {
        state.set(id, "open");
        for (const { to, index } of following.get(id)) {
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

function layersOf(order, edges, back) {
    const layers = new Map(order.map((id) => [id, 0]));
    for (const id of order) {
        for (const [index, { from, to }] of edges.entries()) {
            if (from === id && !back.has(index)) layers.set(to, Math.max(layers.get(to), layers.get(id) + 1));
        }
    }
    return layers;
}

/** The cells that an edge passes, from the upper end to the lower one: bends stand in the layers between. */
function chainOf({ from, to }, index, back, cells) {
    if (from === to) return [];
    const [upper, lower] = back.has(index) ? [to, from] : [from, to];
    const chain = [upper];
    for (let layer = cells.get(upper).layer + 1; layer < cells.get(lower).layer; layer += 1) {
        const id = `bend ${index} ${layer}`;
        cells.set(id, { id, layer, width: BEND_WIDTH, height: 0, near: [], bend: true });
        chain.push(id);
    }
    chain.push(lower);
    for (let i = 1; i < chain.length; i += 1) {
        cells.get(chain[i - 1]).near.push(chain[i]);
        cells.get(chain[i]).near.push(chain[i - 1]);
    }
    return chain;
}

function rowsOf(cells) {
    const rows = [];
    for (const cell of cells.values()) {
        rows[cell.layer] ??= [];
        rows[cell.layer].push(cell);
    }
    return rows.filter(Boolean);
}

/** Order each row by where its neighbours in the row above, then below, stand; keep the fewest crossings. */
function arrange(rows, cells) {
    for (const row of rows) number(row);
    let best = { crossings: crossings(rows, cells), rows: rows.map((row) => [...row]) };
    for (let sweep = 0; sweep < SWEEPS && best.crossings > 0; sweep += 1) {
        const down = sweep % 2 === 0;
        for (const row of down ? rows : [...rows].reverse()) {
            const wish = new Map(row.map((cell) => [cell, middle(cell, cells, down ? -1 : 1, "index")]));
            row.sort((a, b) => wish.get(a) - wish.get(b) || a.index - b.index);
            number(row);
        }
        const now = crossings(rows, cells);
        if (now < best.crossings) best = { crossings: now, rows: rows.map((row) => [...row]) };
    }
    rows.splice(0, rows.length, ...best.rows);
    for (const row of rows) number(row);
}

/** Tells each cell of a row its place in it. */
function number(row) {
    for (const [index, cell] of row.entries()) cell.index = index;
}

/** The mean of a property of a cell's neighbours on one side; the cell's own if it has none there. */
function middle(cell, cells, side, property) {
    const values = cell.near
        .map((id) => cells.get(id))
        .filter((other) => Math.sign(other.layer - cell.layer) === side)
        .map((other) => other[property]);
    return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : cell[property];
}

function crossings(rows, cells) {
    let found = 0;
    for (const row of rows) {
        const lines = row.flatMap((cell) =>
            cell.near
                .map((id) => cells.get(id))
                .filter((other) => other.layer > cell.layer)
                .map((other) => [cell.index, other.index]),
        );
        for (const [i, [a, b]] of lines.entries()) {
            found += lines.slice(i + 1).filter(([c, d]) => (a - c) * (b - d) < 0).length;
        }
    }
    return found;
}

/** Columns: each cell as near to its neighbours as the others of its row let it. */
function place(rows, cells) {
    for (const row of rows) settle(row, () => 0);
    for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
        const side = sweep % 2 === 0 ? -1 : 1;
        for (const row of side < 0 ? rows : [...rows].reverse())
            settle(row, (cell) => middle(cell, cells, side, "x"));
    }
}

/** The places nearest to what the cells of a row wish that keep their order and their gaps. */
function settle(row, wish) {
    const offsets = [];
    row.forEach((cell, i) => {
        const before = row[i - 1];
        offsets.push(i === 0 ? 0 : offsets[i - 1] + (before.width + cell.width) / 2 + NODE_GAP);
    });
    // Cells that would overlap move as one block, to the mean of what they wish.
    const blocks = [];
    row.forEach((cell, i) => {
        blocks.push({ at: wish(cell) - offsets[i], cells: [i] });
        while (blocks.length > 1 && blocks.at(-2).at > blocks.at(-1).at) {
            const [left, right] = blocks.splice(-2);
            const size = left.cells.length + right.cells.length;
            const at = (left.at * left.cells.length + right.at * right.cells.length) / size;
            blocks.push({ at, cells: [...left.cells, ...right.cells] });
        }
    });
    for (const block of blocks) for (const i of block.cells) row[i].x = block.at + offsets[i];
}

/** Rows one under the other; returns the height of it all. */
function stack(rows) {
    let y = MARGIN;
    for (const row of rows) {
        const height = Math.max(...row.map((cell) => cell.height));
        for (const cell of row) cell.y = y + height / 2;
        y += height + LAYER_GAP;
    }
    return rows.length ? y - LAYER_GAP + MARGIN : 2 * MARGIN;
}

/** Where edges pass: they leave and reach a node beside each other, in the order of where they go. */
function routesOf(edges, chains, cells) {
    const ports = new Map();
    chains.forEach((chain, edge) => {
        if (!chain.length) return;
        for (const [end, next, side] of [
            [chain[0], chain[1], 1],
            [chain.at(-1), chain.at(-2), -1],
        ]) {
            const key = `${side} ${end}`;
            ports.set(key, [...(ports.get(key) ?? []), { edge, x: cells.get(next).x }]);
        }
    });
    const port = (id, side, edge) => {
        const here = ports.get(`${side} ${id}`).sort((a, b) => a.x - b.x || a.edge - b.edge);
        const cell = cells.get(id);
        const gap = Math.min(22, (cell.width - 24) / here.length);
        const place = here.findIndex((port) => port.edge === edge) - (here.length - 1) / 2;
        return { x: cell.x + place * gap, y: cell.y + (side * cell.height) / 2 };
    };
    return edges.map((edge, index) => {
        const chain = chains[index];
        if (!chain.length) return [];
        const bends = chain.slice(1, -1).map((id) => ({ x: cells.get(id).x, y: cells.get(id).y }));
        const points = [port(chain[0], 1, index), ...bends, port(chain.at(-1), -1, index)];
        return chain[0] === edge.from ? points : points.reverse();
    });
}
