import assert from "node:assert/strict";
import { test } from "node:test";
import { module } from "./page.mjs";

const { graphOf, edgeKey } = await module("graph");
const { layout } = await module("layout");
const { curve } = await module("view-graph");

const TASK = {
    StartAt: "Report",
    States: {
        Report: {
            Type: "Task",
            Next: "Route",
            Catch: [
                { ErrorEquals: ["A"], Next: "Route" },
                { ErrorEquals: ["States.ALL"], Next: "Lost" },
            ],
        },
        Route: {
            Type: "Choice",
            Choices: [
                { Condition: "{% x %}", Next: "Shell" },
                { Condition: "{% y %}", Next: "Shell" },
            ],
            Default: "Done",
        },
        Shell: { Type: "Task", Next: "Wait", Comment: "Runs it" },
        Wait: { Type: "Wait", Next: "Report" },
        Done: { Type: "Succeed" },
        Lost: { Type: "Fail" },
    },
};

test("a definition becomes one edge for each pair of states, with all ways to take it", () => {
    const graph = graphOf(TASK);
    assert.equal(graph.start, "Report");
    assert.deepEqual(
        graph.nodes.map(({ id }) => id),
        Object.keys(TASK.States),
    );
    const edges = Object.fromEntries(graph.edges.map((edge) => [`${edge.from}>${edge.to}`, edge]));
    assert.deepEqual(Object.keys(edges).sort(), [
        "Report>Lost",
        "Report>Route",
        "Route>Done",
        "Route>Shell",
        "Shell>Wait",
        "Wait>Report",
    ]);
    assert.deepEqual(edges["Report>Route"].kinds, ["next", "catch"]);
    assert.deepEqual(edges["Route>Shell"].labels, ["{% x %}", "{% y %}"]);
    assert.deepEqual(edges["Route>Done"].kinds, ["default"]);
});

test("states whose names have odd characters keep their own edges", () => {
    assert.notEqual(edgeKey("a,b", "c"), edgeKey("a", "b,c"));
});

test("a transition to a state that does not exist is left out", () => {
    const graph = graphOf({ StartAt: "A", States: { A: { Type: "Pass", Next: "Gone" } } });
    assert.deepEqual(graph.edges, []);
});

function placed(graph, width = 100) {
    const nodes = graph.nodes.map(({ id }) => ({ id, width, height: 30 }));
    return { ...layout({ ...graph, nodes }), nodes };
}

function check(graph) {
    const { places, routes, width, height, nodes } = placed(graph);
    for (const { id, width: own } of nodes) {
        const { x, y } = places.get(id);
        assert.ok(
            x - own / 2 >= 0 && x + own / 2 <= width && y - 15 >= 0 && y + 15 <= height,
            `${id} is outside`,
        );
        for (const other of nodes) {
            const there = places.get(other.id);
            if (other.id < id && there.layer === places.get(id).layer) {
                assert.ok(Math.abs(there.x - x) >= own, `${id} and ${other.id} overlap`);
            }
        }
    }
    routes.forEach((points, index) => {
        const { from, to } = graph.edges[index];
        if (from === to) {
            assert.deepEqual(points, []);
            return;
        }
        // An edge begins at the one state and ends at the other, and goes one way only.
        for (const [point, id] of [
            [points[0], from],
            [points.at(-1), to],
        ]) {
            const place = places.get(id);
            assert.ok(
                Math.abs(point.x - place.x) <= 50 && Math.abs(point.y - place.y) <= 15.01,
                `${from} to ${to} misses ${id}`,
            );
        }
        const ys = points.map(({ y }) => y);
        assert.deepEqual(
            ys,
            [...ys].sort((a, b) => (ys[0] < ys.at(-1) ? a - b : b - a)),
        );
        assert.ok(points.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)));
    });
    return places;
}

test("states are laid out below those that lead to them, and what leads back goes up", () => {
    const places = check(graphOf(TASK));
    const layer = (id) => places.get(id).layer;
    assert.deepEqual(["Report", "Route", "Shell", "Wait"].map(layer), [0, 1, 2, 3]);
    assert.equal(layer("Done"), 2);
});

test("the layout is the same each time", () => {
    assert.deepEqual(placed(graphOf(TASK)), placed(graphOf(TASK)));
});

test("a straight line of states stands in one column", () => {
    const States = { A: { Type: "Pass", Next: "B" }, B: { Type: "Pass", Next: "C" }, C: { Type: "Succeed" } };
    const places = check(graphOf({ StartAt: "A", States }));
    assert.equal(new Set([...places.values()].map(({ x }) => Math.round(x))).size, 1);
});

test("two branches are not crossed where they need not be", () => {
    // The states are listed so that the order in which they come would cross.
    const States = {
        S: { Type: "Choice", Choices: [{ Next: "L" }, { Next: "R" }] },
        L: { Type: "Pass", Next: "LowL" },
        R: { Type: "Pass", Next: "LowR" },
        LowR: { Type: "Succeed" },
        LowL: { Type: "Succeed" },
    };
    const places = check(graphOf({ StartAt: "S", States }));
    assert.equal(
        Math.sign(places.get("L").x - places.get("R").x),
        Math.sign(places.get("LowL").x - places.get("LowR").x),
    );
});

test("any graph is laid out: many handlers, loops on a state, circles, states that nothing leads to", () => {
    const handlers = Object.fromEntries(
        Array.from({ length: 25 }, (_, i) => [`Handler${i}`, { Type: "Task", Next: "Outcome" }]),
    );
    const Choices = Object.keys(handlers).map((Next) => ({ Next }));
    check(
        graphOf({
            StartAt: "Route",
            States: {
                Route: { Type: "Choice", Choices },
                ...handlers,
                Outcome: { Type: "Choice", Choices: [{ Next: "Route" }], Default: "End" },
                End: { Type: "Succeed" },
            },
        }),
    );
    check(graphOf({ StartAt: "A", States: { A: { Type: "Pass", Next: "A" }, Alone: { Type: "Succeed" } } }));
    let seed = 7;
    const random = (below) => {
        seed = (seed * 48271) % 2147483647;
        return seed % below;
    };
    for (let round = 0; round < 60; round += 1) {
        const size = 1 + random(14);
        const States = {};
        for (let i = 0; i < size; i += 1) {
            States[`S${i}`] = {
                Type: "Choice",
                Choices: Array.from({ length: random(4) }, () => ({ Next: `S${random(size)}` })),
            };
        }
        check(graphOf({ StartAt: "S0", States }));
    }
});

test("a curve begins and ends at its points", () => {
    assert.equal(
        curve([
            { x: 0, y: 0 },
            { x: 10, y: 20 },
        ]),
        "M0,0C0,10 10,10 10,20",
    );
});
