import assert from "node:assert/strict";
import { test } from "node:test";
import { awsOf, module } from "./page.mjs";

const { Runs } = await module("runs");
const { idParts } = await module("objects");
const { AwsError } = await module("aws");

const START = Date.UTC(2026, 0, 1);
const hour = (n) => new Date(START + n * 3_600_000).toISOString().slice(0, 19);
const NOW = START + 20_000 * 3_600_000;

/** Whether a query selects an object by its time. */
function selected({ query }) {
    const [
        {
            fieldName,
            operator: { type, values },
        } = { operator: {} },
    ] = query?.selectors ?? [];
    if (type) assert.equal(fieldName, "@scheduledStartTime");
    return ({ time }) =>
        !type ||
        (type === "GE" && time >= values[0]) ||
        (type === "LE" && time <= values[0]) ||
        (type === "BETWEEN" && time >= values[0] && time <= values[1]);
}

/** A pipeline with this many instances of one attempt each; paged and selected as the service does. */
function service(count, time = hour) {
    const instances = Array.from({ length: count }, (_, n) => ({
        id: `@Copy${n}_${time(n)}`,
        time: time(n),
    }));
    const attempts = instances.map(({ id, time }) => ({ id: `${id}_Attempt=1`, time }));
    return (operation, request) => {
        if (operation === "QueryObjects") {
            const found = (request.sphere === "INSTANCE" ? instances : attempts).filter(selected(request));
            const start = Number(request.marker ?? 0);
            const more = start + 100 < found.length;
            return {
                ids: found.slice(start, start + 100).map(({ id }) => id),
                hasMoreResults: more,
                ...(more ? { marker: String(start + 100) } : {}),
            };
        }
        if (operation === "DescribeObjects") {
            assert.ok(request.objectIds.length <= 25);
            return { pipelineObjects: request.objectIds.map(described) };
        }
        throw new AwsError("InvalidRequestException", operation);
    };
}

function described(id) {
    const { instance, scheduled, attempt } = idParts(id);
    const fields = {
        "@status": "FINISHED",
        "@sphere": attempt ? "ATTEMPT" : "INSTANCE",
        "@scheduledStartTime": scheduled,
        "@actualStartTime": scheduled,
        reportProgressTime: scheduled,
    };
    return {
        id,
        name: id,
        fields: [
            { key: "@instanceParent", refValue: instance },
            ...Object.entries(fields).map(([key, stringValue]) => ({ key, stringValue })),
        ],
    };
}

async function firstPage(count, { time = hour, now = NOW, lastRun = null, page = 1 } = {}) {
    const { aws, calls, time: passed } = await awsOf(service(count, time));
    const runs = new Runs(aws, "df-1");
    const read = await runs.read(page, 20, { now, lastRun });
    return { runs, read, calls, seconds: passed.now / 1000 };
}

test("of few instances all are known at once", async () => {
    const { read, calls } = await firstPage(30);
    assert.deepEqual([read.total, read.complete, read.pages, read.items.length], [30, true, 2, 20]);
    assert.deepEqual(
        read.items.map(({ scheduled }) => scheduled),
        Array.from({ length: 20 }, (_, n) => hour(29 - n)),
    );
    assert.ok(read.items.every(({ attempts }) => attempts.length === 1 && attempts[0].over));
    // All instances, those of the last day, the attempts of those shown; 20 and 20 objects by 25.
    assert.equal(calls.length, 3 + 2);
});

test("of 10,000 instances the latest are read at once, whenever they were due", async () => {
    const minute = (n) => new Date(START + n * 60_000).toISOString().slice(0, 19);
    const second = (n) => new Date(START + n * 1000).toISOString().slice(0, 19);
    const every = { hour, minute, second };
    for (const [name, time] of Object.entries(every)) {
        const end = Date.parse(`${time(9999)}Z`);
        for (const options of [{ now: end + 1000 }, { now: end + 5 * 86_400_000, lastRun: end }]) {
            const { read, calls, seconds } = await firstPage(10_000, { time, ...options });
            assert.deepEqual(
                read.items.map(({ scheduled }) => scheduled),
                Array.from({ length: 20 }, (_, n) => time(9999 - n)),
                name,
            );
            assert.equal(read.complete, false);
            // Within the burst: no call waits for its turn.
            assert.equal(seconds, 0, name);
            assert.ok(calls.length <= 20, `${name}: ${calls.length}`);
        }
    }
});

test("older instances are found page by page, down to the first", async () => {
    const { aws } = await awsOf(service(130));
    const runs = new Runs(aws, "df-1");
    const seen = [];
    for (let page = 1; page <= 7; page += 1) {
        const read = await runs.read(page, 20, { now: NOW });
        seen.push(...read.items.map(({ scheduled }) => scheduled));
        assert.equal(read.page, page);
    }
    assert.deepEqual(
        seen,
        Array.from({ length: 130 }, (_, n) => hour(129 - n)),
    );
    assert.equal((await runs.read(9, 20, { now: NOW })).complete, true);
});

test("instances that come later are found, and what is over is not read again", async () => {
    let count = 200;
    const { aws, calls } = await awsOf((operation, request) => service(count)(operation, request));
    const runs = new Runs(aws, "df-1");
    await runs.read(1, 20, { now: START + 199 * 3_600_000 });
    calls.length = 0;
    count = 202;
    const read = await runs.read(1, 20, { now: START + 201 * 3_600_000 });
    assert.equal(read.items[0].scheduled, hour(201));
    assert.deepEqual(
        calls.map(({ operation }) => operation),
        ["QueryObjects", "QueryObjects", "DescribeObjects"],
    );
});

test("an instance's latest attempt is known even where a search does not find it", async () => {
    const instance = "@A_2026-11-24T10:00:00";
    const { aws } = await awsOf((operation, request) => {
        if (operation === "QueryObjects") return { ids: request.sphere === "INSTANCE" ? [instance] : [] };
        const objects = request.objectIds.map(described);
        for (const object of objects)
            if (object.id === instance)
                object.fields.push({ key: "@headAttempt", refValue: `${instance}_Attempt=2` });
        return { pipelineObjects: objects };
    });
    const runs = new Runs(aws, "df-1");
    await runs.read(1, 20, { now: NOW });
    const { items } = await runs.read(1, 20, { now: NOW });
    assert.deepEqual(
        items[0].attempts.map(({ attempt }) => attempt),
        [2],
    );
});

async function reportsRead(...readings) {
    const left = [...readings];
    const { aws } = await awsOf(() => {
        const [status, report] = left.shift();
        const fields = {
            "@status": status,
            "@actualStartTime": "2026-11-24T10:00:00",
            ...(report ? { reportProgressTime: report } : {}),
        };
        return {
            pipelineObjects: [
                {
                    id: "@A_2026-11-24T10:00:00_Attempt=1",
                    fields: Object.entries(fields).map(([key, stringValue]) => ({ key, stringValue })),
                },
            ],
        };
    });
    const runs = new Runs(aws, "df-1");
    let read = null;
    while (left.length) read = await runs.current("@A_2026-11-24T10:00:00_Attempt=1");
    return [read.firstReport, read.lastReport].map(
        (time) => time && new Date(time).toISOString().slice(11, 19),
    );
}

test("the first report is known if it came at once, or if the attempt was seen waiting before", async () => {
    assert.deepEqual(
        await reportsRead(["RUNNING", "2026-11-24T10:00:05"], ["RUNNING", "2026-11-24T10:01:05"]),
        ["10:00:05", "10:01:05"],
    );
    assert.deepEqual(
        await reportsRead(
            ["WAITING_FOR_RUNNER", ""],
            ["RUNNING", "2026-11-24T12:00:00"],
            ["RUNNING", "2026-11-24T12:01:00"],
        ),
        ["12:00:00", "12:01:00"],
    );
});

test("the last report of an attempt that has long been running is not taken for its first", async () => {
    assert.deepEqual(
        await reportsRead(["RUNNING", "2026-11-24T11:00:00"], ["RUNNING", "2026-11-24T11:01:00"]),
        [null, "11:01:00"],
    );
});
