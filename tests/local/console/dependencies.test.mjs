import assert from "node:assert/strict";
import { test } from "node:test";
import { module } from "./page.mjs";

const { dependenciesOf } = await module("dependencies");

function object(id, fields) {
    return {
        id,
        name: id,
        fields: Object.entries(fields).flatMap(([key, values]) =>
            [values]
                .flat()
                .map((value) =>
                    value.startsWith("->") ? { key, refValue: value.slice(2) } : { key, stringValue: value },
                ),
        ),
    };
}

const edges = (graph) => graph.edges.map(({ from, to, kinds }) => `${from} ${kinds.join("+")} ${to}`);

test("an activity waits for those that it depends on, and for what it reads", () => {
    const graph = dependenciesOf([
        object("Default", { scheduleType: "cron" }),
        object("Extract", { type: "ShellCommandActivity", output: "->Raw" }),
        object("Load", { type: "CopyActivity", input: "->Raw", dependsOn: ["->Extract", "->Check"] }),
        object("Check", { type: "SqlActivity" }),
        object("Raw", { type: "S3DataNode", precondition: "->Ready" }),
        object("Ready", { type: "S3KeyExists" }),
    ]);
    assert.deepEqual(
        graph.nodes.map(({ id, type }) => [id, type]),
        [
            ["Extract", "ShellCommandActivity"],
            ["Load", "CopyActivity"],
            ["Check", "SqlActivity"],
        ],
    );
    assert.deepEqual(edges(graph).sort(), ["Check dependsOn Load", "Extract dependsOn+data Load"]);
    assert.match(graph.nodes[1].comment, /Ready/);
    assert.equal(graph.start, "Extract");
});

test("type, input and dependencies may be inherited, through circles of parents too", () => {
    const graph = dependenciesOf([
        object("A", { type: "ShellCommandActivity", parent: "->B" }),
        object("B", { parent: "->A", input: "->Node" }),
        object("C", { parent: "->Base", output: "->Node" }),
        object("Base", { type: "CopyActivity" }),
    ]);
    assert.deepEqual(edges(graph), ["C data A", "C data B"]);
    assert.deepEqual(
        graph.nodes.map(({ id }) => id),
        ["A", "B", "C", "Base"],
    );
});

test("what refers to nothing, or to itself, makes no edge", () => {
    const graph = dependenciesOf([
        object("A", { type: "ShellCommandActivity", dependsOn: ["->A", "->Gone"], input: "->Gone" }),
    ]);
    assert.deepEqual([graph.nodes.length, graph.edges], [1, []]);
    assert.deepEqual(dependenciesOf([]), { start: "", nodes: [], edges: [] });
});
