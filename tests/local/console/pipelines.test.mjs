import assert from "node:assert/strict";
import { test } from "node:test";
import { awsOf, module } from "./page.mjs";

const { Pipelines } = await module("pipelines");
const { executionVerdict, failedFirst, pipelineVerdict, tone } = await module("verdict");
const { chosenPipelines, statusCounts } = await module("view-home");

/** An account with this many pipelines, of which each 50th has failed. */
function account(count) {
    const ids = Array.from({ length: count }, (_, n) => `df-${n}`);
    return (operation, request) => {
        if (operation === "ListPipelines") {
            const start = Number(request.marker ?? 0);
            const more = start + 100 < count;
            return {
                pipelineIdList: ids.slice(start, start + 100).map((id) => ({ id, name: `p${id}` })),
                hasMoreResults: more,
                ...(more ? { marker: String(start + 100) } : {}),
            };
        }
        assert.equal(operation, "DescribePipelines");
        assert.ok(request.pipelineIds.length <= 25);
        return { pipelineDescriptionList: request.pipelineIds.map(described) };
    };
}

function described(id) {
    const number = Number(id.slice(3));
    const fields = {
        "@pipelineState": number % 2 ? "SCHEDULED" : "FINISHED",
        "@healthStatus": number % 50 ? "HEALTHY" : "ERROR",
        "@creationTime": new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString().slice(0, 19),
    };
    return {
        pipelineId: id,
        name: `p${id}`,
        fields: Object.entries(fields).map(([key, stringValue]) => ({ key, stringValue })),
    };
}

test("before the first list nothing is known, and then each part is shown as it comes", async () => {
    const { aws } = await awsOf(account(120));
    const pipelines = new Pipelines(aws);
    assert.equal(pipelines.current(), null);
    const seen = [];
    await pipelines.read([], () => {
        const { all, undescribed } = pipelines.current();
        seen.push([all.length, undescribed]);
    });
    assert.deepEqual(seen.slice(0, 4), [
        [100, 100],
        [120, 120],
        [120, 120],
        [120, 95],
    ]);
    assert.deepEqual(seen.at(-1), [120, 0]);
});

test("300 pipelines are known without a wait, and are described again little by little", async () => {
    const { aws, calls, time } = await awsOf(account(300));
    const pipelines = new Pipelines(aws);
    await pipelines.read([], () => {});
    assert.equal(pipelines.current().undescribed, 0);
    assert.equal(time.now, 0);
    const described = () =>
        calls
            .filter(({ operation }) => operation === "DescribePipelines")
            .flatMap(({ request }) => request.pipelineIds);
    for (let i = 0; i < 7; i += 1) {
        time.now += 60_000;
        calls.length = 0;
        await pipelines.read(["df-7"], () => {});
        assert.equal(described().length, 50);
        assert.ok(described().includes("df-7"));
    }
    const ages = [...pipelines.describedAt.values()];
    assert.ok(Math.min(...ages) > 0, "some were never described again");
});

test("a pipeline that is gone is no longer listed", async () => {
    let count = 3;
    const { aws } = await awsOf((operation, request) => account(count)(operation, request));
    const pipelines = new Pipelines(aws);
    await pipelines.read([], () => {});
    count = 2;
    await pipelines.read([], () => {});
    assert.equal(pipelines.current().all.length, 2);
});

test("a failed pipeline never looks finished", () => {
    assert.equal(pipelineVerdict({ state: "FINISHED", health: "ERROR" }), "ERROR");
    assert.equal(pipelineVerdict({ state: "FINISHED", health: "HEALTHY" }), "FINISHED");
    assert.equal(pipelineVerdict({ state: "SCHEDULED", health: "" }), "SCHEDULED");
    assert.equal(pipelineVerdict({}), "");
    assert.equal(tone("ERROR"), "bad");
});

test("a failed task is red though its execution succeeded", () => {
    const outcome = { status: "FAILED", errorId: "Broken" };
    assert.equal(executionVerdict({ status: "SUCCEEDED", outcome }), "FAILED");
    assert.equal(tone("FAILED"), "bad");
    assert.equal(executionVerdict({ status: "SUCCEEDED", outcome: null }), "SUCCEEDED");
    assert.equal(executionVerdict({ status: "TIMED_OUT", outcome: null }), "TIMED_OUT");
});

test("failed pipelines come first, then the newest", async () => {
    const { aws } = await awsOf(account(120));
    const pipelines = new Pipelines(aws);
    await pipelines.read([], () => {});
    const names = failedFirst(pipelines.current().all).map(({ id }) => id);
    assert.deepEqual(names.slice(0, 5), ["df-100", "df-50", "df-0", "df-119", "df-118"]);
});

test("pipelines are searched by words, and filtered by status", async () => {
    const { aws } = await awsOf(account(120));
    const pipelines = new Pipelines(aws);
    await pipelines.read([], () => {});
    const { all } = pipelines.current();
    const ids = (wanted) => chosenPipelines(all, { search: "", status: "", ...wanted }).map(({ id }) => id);
    assert.equal(ids({}).length, 120);
    assert.deepEqual(ids({ search: " PDF  df-11 " }), [
        "df-119",
        "df-118",
        "df-117",
        "df-116",
        "df-115",
        "df-114",
        "df-113",
        "df-112",
        "df-111",
        "df-110",
        "df-11",
    ]);
    assert.deepEqual(ids({ status: "ERROR" }), ["df-100", "df-50", "df-0"]);
    assert.ok(!ids({ status: "FINISHED" }).includes("df-0"));
    assert.deepEqual(ids({ search: "nothing" }), []);
    assert.deepEqual(
        statusCounts(all).map(({ status, count }) => [status, count]),
        [
            ["ERROR", 3],
            ["SCHEDULED", 60],
            ["FINISHED", 57],
        ],
    );
});
