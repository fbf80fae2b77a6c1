import assert from "node:assert/strict";
import { test } from "node:test";
import { awsOf, module } from "./page.mjs";

const { Pace, nextDelay, PACES } = await module("pace");
const { Poller } = await module("poller");
const { AwsError } = await module("aws");

test("a burst is let through at once, and then so many a second", () => {
    const pace = new Pace({ perSecond: 0.5, burst: 3 }, 0);
    assert.deepEqual(
        [0, 0, 0, 0, 0].map(() => pace.take(0)),
        [0, 0, 0, 2000, 4000],
    );
    assert.equal(pace.take(60_000), 0);
});

test("the page keeps to a quarter of the documented rates and a fifth of their burst", () => {
    const documented = {
        QueryObjects: 2,
        DescribeObjects: 2,
        ListPipelines: 1,
        DescribePipelines: 1,
        GetPipelineDefinition: 1,
    };
    assert.deepEqual(Object.keys(PACES).sort(), Object.keys(documented).sort());
    for (const [operation, rate] of Object.entries(documented)) {
        assert.ok(PACES[operation].perSecond <= rate / 4, operation);
        assert.ok(PACES[operation].burst <= 20, operation);
    }
});

test("calls of Data Pipeline wait for their turn, those of other services do not", async () => {
    const { aws, time, calls } = await awsOf(() => ({}));
    for (let i = 0; i < 30; i += 1) await aws.call("dataPipeline", "QueryObjects");
    for (let i = 0; i < 30; i += 1) await aws.call("logs", "FilterLogEvents");
    assert.equal(calls.length, 60);
    assert.equal(time.slept.length, 10);
    assert.equal(time.now, 20_000);
});

test("an operation that is not paced is not called", async () => {
    const { aws, calls } = await awsOf(() => ({}));
    await assert.rejects(aws.call("dataPipeline", "DeletePipeline"));
    assert.equal(calls.length, 0);
});

test("an error has the name that the service gave it", async () => {
    const { aws } = await awsOf(() => {
        throw new AwsError("com.amazonaws.datapipeline#ThrottlingException", "Rate exceeded");
    });
    await assert.rejects(aws.call("dataPipeline", "ListPipelines"), {
        code: "ThrottlingException",
        message: "Rate exceeded",
    });
});

test("an answer that is no JSON is an error of its status", async () => {
    const { Aws } = await module("aws");
    const aws = new Aws({
        url: "/",
        now: () => 0,
        sleep: async () => {},
        fetch: async () => ({ ok: false, status: 502, text: async () => "<html>" }),
    });
    await assert.rejects(aws.call("logs", "FilterLogEvents"), { code: "HTTP 502", message: "<html>" });
});

test("all pages are read, but no more items than are wanted", async () => {
    const { aws, calls } = await awsOf((_, { marker = 0 }) => ({
        ids: [marker, marker + 1],
        ...(marker < 8 ? { marker: marker + 2 } : {}),
    }));
    const options = { items: "ids", token: "marker" };
    assert.equal((await aws.all("dataPipeline", "QueryObjects", {}, options)).length, 10);
    assert.equal(calls.length, 5);
    assert.equal((await aws.all("dataPipeline", "QueryObjects", {}, { ...options, most: 3 })).length, 3);
    assert.equal(calls.length, 7);
});

test("each failure doubles the time to the next reading, up to a minute", () => {
    assert.deepEqual(
        [0, 1, 2, 3, 10].map((failures) => nextDelay(3, failures)),
        [3000, 6000, 12_000, 24_000, 60_000],
    );
});

async function polled({ read, hidden = () => false, times }) {
    const slept = [];
    const told = [];
    const poller = new Poller({
        read,
        seconds: 3,
        hidden,
        tell: (problem) => told.push(problem?.message ?? null),
        sleep: async (milliseconds) => {
            slept.push(milliseconds);
            if (slept.length === times) poller.stop();
        },
    });
    await poller.run();
    return { slept, told };
}

test("a view that fails is read less often until it works again", async () => {
    let count = 0;
    const read = async () => {
        count += 1;
        if (count <= 2) throw new AwsError("ThrottlingException", "Rate exceeded");
    };
    const { slept, told } = await polled({ read, times: 4 });
    assert.deepEqual(slept, [6000, 12_000, 3000, 3000]);
    assert.deepEqual(told, ["Rate exceeded", "Rate exceeded", null, null]);
});

test("nothing is read while the page is hidden, nor after the view was left", async () => {
    let count = 0;
    const read = async () => {
        count += 1;
    };
    const { slept } = await polled({ read, hidden: () => true, times: 3 });
    assert.deepEqual([count, slept.length], [0, 3]);
    const poller = new Poller({
        read: async (alive) => {
            poller.stop();
            assert.equal(alive(), false);
        },
        seconds: 3,
        hidden: () => false,
        sleep: async () => {},
        tell: () => assert.fail("told"),
    });
    await poller.run();
});
