import assert from "node:assert/strict";
import { test } from "node:test";
import { module } from "./page.mjs";

const { Clock } = await module("clock");
const { readSettings, takeToken } = await module("settings");

test("a clock that is not scaled shows the machine's time", () => {
    const clock = new Clock({ now: () => 5000 });
    assert.deepEqual([clock.now(), clock.machine(7), clock.service(7), clock.scale], [5000, 7, 7, 1]);
});

test("a scaled clock runs on from what it showed", () => {
    let now = 1000;
    const clock = new Clock({ now: () => now, scale: 10, service: 50_000, at: 1000 });
    assert.equal(clock.now(), 50_000);
    now = 2000;
    assert.equal(clock.now(), 60_000);
    assert.equal(clock.machine(60_000), 2000);
    assert.equal(clock.service(2000), 60_000);
});

function tab(hash, kept = {}) {
    const replaced = [];
    return {
        location: { hash },
        history: { replaceState: (...given) => replaced.push(given[2]) },
        sessionStorage: {
            getItem: (name) => kept[name] ?? null,
            setItem: (name, value) => {
                kept[name] = value;
            },
        },
        replaced,
    };
}

test("the token is taken out of the address, and kept for the tab", () => {
    const kept = {};
    const first = tab("#token=abc-_1", kept);
    assert.equal(takeToken(first), "abc-_1");
    assert.deepEqual(first.replaced, ["#/"]);
    assert.equal(takeToken(tab("#/pipelines/df-1", kept)), "abc-_1");
    assert.equal(takeToken(tab("#/")), "");
});

async function settingsRead(answer, token = "") {
    const requests = [];
    const fetch = async (...request) => {
        requests.push(request);
        return answer;
    };
    return { settings: await readSettings({ fetch, now: () => 1000, token }), requests };
}

test("the server says which AWS it is, and how fast its time runs", async () => {
    const told = {
        name: "Local AWS",
        isLocal: true,
        stack: "",
        timeScale: 10,
        serviceTime: "1970-01-01T01:00:00.000+00:00",
    };
    const { settings } = await settingsRead({ ok: true, json: async () => told });
    assert.deepEqual([settings.name, settings.isLocal, settings.clock.scale], ["Local AWS", true, 10]);
    assert.equal(settings.clock.now(), 3_600_000);
    const aws = { name: "AWS eu-west-1", isLocal: false, stack: "TaskRunner", timeScale: 1 };
    const other = await settingsRead({ ok: true, json: async () => aws }, "abc");
    assert.equal(other.settings.clock.scale, 1);
    assert.deepEqual(other.requests, [["settings.json", { headers: { "X-Console-Token": "abc" } }]]);
});

test("a refused token says so", async () => {
    const refused = { ok: false, status: 403, json: async () => ({ message: "not the whole address" }) };
    await assert.rejects(settingsRead(refused), { code: "HTTP 403", message: "not the whole address" });
});
