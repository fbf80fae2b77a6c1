import assert from "node:assert/strict";
import { test } from "node:test";
import { awsOf, module } from "./page.mjs";

const { Pipelines, Runs, fieldsOf, idParts, latestFirst, pageOf, timeOf } = await module("pipelines");
const { Executions, envelopeOf, namePrefix } = await module("executions");
const { TaskLog, pattern, read, workLogGroups } = await module("logs");
const { AwsError } = await module("aws");
const { links, route } = await module("routes");

const hour = (n) =>
    `2026-11-${String(1 + Math.floor(n / 24)).padStart(2, "0")}T${String(n % 24).padStart(2, "0")}:00:00`;

/** A pipeline with this many instances of one attempt each; paged and selected as the service does. */
function service(count) {
    const instances = Array.from({ length: count }, (_, n) => ({ id: `@Copy_${hour(n)}`, time: hour(n) }));
    const attempts = instances.map(({ id, time }) => ({ id: `${id}_Attempt=1`, time }));
    return (operation, request) => {
        if (operation === "QueryObjects") {
            const since = request.query?.selectors[0].operator.values[0] ?? "";
            const found = (request.sphere === "INSTANCE" ? instances : attempts).filter(
                ({ time }) => time >= since,
            );
            const start = Number(request.marker ?? 0);
            const more = start + 100 < found.length;
            return {
                ids: found.slice(start, start + 100).map(({ id }) => id),
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

test("ids are taken apart", () => {
    assert.deepEqual(idParts("@My Copy_2026-11-24T10:00:00_Attempt=12"), {
        instance: "@My Copy_2026-11-24T10:00:00",
        component: "My Copy",
        scheduled: "2026-11-24T10:00:00",
        attempt: 12,
    });
    assert.deepEqual(idParts("whatever"), {
        instance: "whatever",
        component: "whatever",
        scheduled: "",
        attempt: null,
    });
});

test("fields are read by key, whatever an object lacks", () => {
    assert.deepEqual(
        fieldsOf({
            fields: [
                { key: "a", stringValue: "1" },
                { key: "a", stringValue: "2" },
                { key: "b", refValue: "C" },
                { key: "d" },
            ],
        }),
        { a: "1", b: "C", d: "" },
    );
    assert.deepEqual(fieldsOf({}), {});
    assert.equal(timeOf("2026-11-24T10:00:00"), Date.UTC(2026, 10, 24, 10));
    assert.equal(timeOf("never"), null);
});

test("the latest instances come first, a page at a time", () => {
    assert.deepEqual(
        latestFirst(["@B_2026-01-01T00:00:00", "@A_2026-01-01T00:00:00", "@A_2026-01-02T00:00:00", "odd"]),
        ["@A_2026-01-02T00:00:00", "@B_2026-01-01T00:00:00", "@A_2026-01-01T00:00:00", "odd"],
    );
    assert.deepEqual(pageOf([1, 2, 3, 4, 5], 2, 2), { page: 2, pages: 3, items: [3, 4] });
    assert.deepEqual(pageOf([1, 2, 3], 9, 2), { page: 2, pages: 2, items: [3] });
    assert.deepEqual(pageOf([], 1, 2), { page: 1, pages: 1, items: [] });
});

test("a page of 1,000 instances is read with few calls, and read again with four", async () => {
    const { aws, calls } = await awsOf(service(1000));
    const runs = new Runs(aws, "df-1");
    const first = await runs.read(1, 20);
    assert.deepEqual([first.total, first.attempts, first.pages], [1000, 1000, 50]);
    assert.deepEqual(
        first.items.map(({ scheduled }) => scheduled),
        Array.from({ length: 20 }, (_, n) => hour(999 - n)),
    );
    assert.ok(first.items.every(({ attempts }) => attempts.length === 1 && attempts[0].over));
    // 10 pages of ids in each sphere; 20 instances and 20 attempts by 25.
    assert.equal(calls.length, 10 + 10 + 2);
    calls.length = 0;
    await runs.read(1, 20);
    assert.deepEqual(
        calls.map(({ operation, request }) => [
            operation,
            request.query?.selectors[0].operator.values[0] ?? "",
        ]),
        [
            ["QueryObjects", hour(999)],
            ["QueryObjects", hour(999)],
            ["DescribeObjects", ""],
        ],
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

test("pipelines are described 25 at a time, once, and the newest comes first", async () => {
    const ids = Array.from({ length: 60 }, (_, n) => `df-${n}`);
    const { aws, calls } = await awsOf((operation, request) => {
        if (operation === "ListPipelines")
            return { pipelineIdList: ids.map((id) => ({ id, name: `p${id}` })) };
        assert.ok(request.pipelineIds.length <= 25);
        return {
            pipelineDescriptionList: request.pipelineIds.map((id) => ({
                pipelineId: id,
                name: id,
                fields: [{ key: "@creationTime", stringValue: hour(Number(id.slice(3))) }],
            })),
        };
    });
    const pipelines = new Pipelines(aws);
    assert.equal((await pipelines.list())[0].id, "df-59");
    await pipelines.list();
    assert.deepEqual(
        calls.map(({ operation }) => operation),
        ["ListPipelines", ...Array(3).fill("DescribePipelines"), "ListPipelines"],
    );
});

test("an attempt's execution is found by its input among those of its name", async () => {
    const names = ["Copy-1-c", "Copy-1-b", "Copy-1-a", "Other-1-a"];
    const input = (arn) =>
        JSON.stringify({
            pipelineId: "df-1",
            attemptId: arn.endsWith("b")
                ? "@Copy_2026-11-24T10:00:00_Attempt=2"
                : "@Copy_2026-11-24T10:00:00_Attempt=1",
        });
    const { aws, calls } = await awsOf((operation, request) =>
        operation === "ListExecutions"
            ? {
                  executions: names.map((name) => ({
                      executionArn: `arn:${name}`,
                      name,
                      status: "SUCCEEDED",
                      startDate: 1,
                  })),
              }
            : { executionArn: request.executionArn, input: input(request.executionArn) },
    );
    const executions = new Executions(aws);
    const { found, complete } = await executions.ofAttempt(
        "arn:m",
        "df-1",
        "@Copy_2026-11-24T10:00:00_Attempt=2",
    );
    assert.deepEqual([found.map(({ name }) => name), complete], [["Copy-1-b"], true]);
    assert.deepEqual(
        (await executions.ofAttempt("arn:m", "df-2", "@Copy_2026-11-24T10:00:00_Attempt=2")).found,
        [],
    );
    // The inputs do not change, so each was read once.
    assert.equal(calls.filter(({ operation }) => operation === "DescribeExecution").length, 3);
    assert.equal(namePrefix("@My_Copy 2!_2026-11-24T10:00:00_Attempt=1"), "My-Copy-2-");
    assert.deepEqual(envelopeOf("no JSON"), {});
});

test("a history is read from its end, and then only what is new", async () => {
    let last = 2500;
    const { aws, calls } = await awsOf((_, { maxResults, nextToken, reverseOrder }) => {
        assert.ok(reverseOrder);
        const from = nextToken ?? last;
        const events = Array.from({ length: Math.min(maxResults, from) }, (_, i) => ({ id: from - i }));
        return { events, ...(from > maxResults ? { nextToken: from - maxResults } : {}) };
    });
    const executions = new Executions(aws);
    assert.deepEqual(
        (await executions.history("arn:e")).map(({ id }) => id),
        Array.from({ length: 2500 }, (_, i) => i + 1),
    );
    assert.equal(calls.length, 3);
    last = 2650;
    const events = await executions.history("arn:e");
    assert.deepEqual([events.length, events.at(-1).id, calls.length], [2650, 2650, 5]);
    last = 9000;
    assert.deepEqual([(await executions.history("arn:e")).length, events.length], [5000, 2650]);
});

const task = { pipelineId: "df-1", attemptId: "@A_2026-11-24T10:00:00_Attempt=1" };
const line = (members) => JSON.stringify({ message: "m", ...task, ...members });

test("of a log only the lines of the attempt are shown, in order, each once", async () => {
    const events = [
        { eventId: "2", timestamp: 2000, message: line({ message: "<script>", stream: "stdout" }) },
        { eventId: "1", timestamp: 1000, message: line({ message: "Task started", level: "INFO" }) },
        { eventId: "3", timestamp: 3000, message: line({ attemptId: "@A_2026-11-24T10:00:00_Attempt=11" }) },
        { eventId: "4", timestamp: 4000, message: `about ${task.attemptId} of df-1, but no JSON` },
    ];
    const { aws, calls } = await awsOf((_, { logGroupName }) => {
        if (logGroupName === "/aws/lambda/none") throw new AwsError("ResourceNotFoundException", "no group");
        return { events };
    });
    const log = new TaskLog(aws, { ...task });
    for (let i = 0; i < 2; i += 1) {
        const lines = await log.read(["/aws/lambda/f", "/aws/lambda/none"], 9000);
        assert.deepEqual(
            lines.map(({ text, level }) => [text, level]),
            [
                ["Task started", "INFO"],
                ["<script>", "stdout"],
            ],
        );
    }
    const [first] = calls;
    assert.deepEqual(first.request, {
        logGroupName: "/aws/lambda/f",
        filterPattern: `"df-1" "${task.attemptId}"`,
        startTime: 4000,
        limit: 1000,
    });
});

test("of a long log the latest lines are kept", async () => {
    let next = 0;
    const { aws } = await awsOf(() => ({
        events: Array.from({ length: 3000 }, () => {
            next += 1;
            return { eventId: String(next - 1), timestamp: next, message: line({}) };
        }),
    }));
    const log = new TaskLog(aws, { ...task });
    await log.read(["/aws/lambda/f"], 0);
    const lines = await log.read(["/aws/lambda/f"], 0);
    assert.deepEqual(
        [lines.length, lines[0].time, lines.at(-1).time, log.lines.size],
        [5000, 1001, 6000, 5000],
    );
});

test("an error other than a missing group is not hidden", async () => {
    const { aws } = await awsOf(() => {
        throw new AwsError("ThrottlingException", "slow");
    });
    await assert.rejects(new TaskLog(aws, { ...task }).read(["/aws/lambda/f"], 0), {
        code: "ThrottlingException",
    });
});

test("what cannot be a term of a pattern is left out of it", () => {
    assert.equal(pattern(["df-1", "@Größe", 'a"b', ""]), '"df-1"');
    assert.equal(pattern(["@Größe"]), "");
});

test("lines of any form are read", () => {
    for (const message of ["plain", "[1,2]", "null", '"text"', '{"record":{}}', '{"message":{"a":1}}']) {
        assert.equal(typeof read({ eventId: "1", timestamp: 1, message }, "g").text, "string");
    }
});

test("log groups are those of the functions that a definition names", () => {
    const States = {
        A: { Arguments: { FunctionName: "arn:aws:lambda:us-east-1:1:function:one:live" } },
        B: { Arguments: { FunctionName: "two" } },
        C: { Arguments: "{% x %}" },
        D: {},
    };
    assert.deepEqual(workLogGroups({ States }), ["/aws/lambda/one", "/aws/lambda/two"]);
    assert.deepEqual(workLogGroups({ States }, ["B", "gone"]), ["/aws/lambda/two"]);
});

test("the log group of a container is that of its task definition's family", () => {
    const arn = "arn:aws:ecs:us-east-1:000000000000:task-definition/TaskRunner-Shell:7";
    const branch = { StartAt: "Run", States: { Run: { Arguments: { TaskDefinition: arn } } } };
    const report = { StartAt: "Report", States: { Report: { Arguments: { TaskId: "x" } } } };
    const States = {
        Shell: { Branches: [branch, report] },
        Other: { Arguments: { TaskDefinition: "plain" } },
    };
    assert.deepEqual(workLogGroups({ States }), ["/ecs/TaskRunner-Shell", "/ecs/plain"]);
    assert.deepEqual(workLogGroups({ States }, ["Shell"]), ["/ecs/TaskRunner-Shell"]);
});

test("an address leads to its view, and one that means nothing to the first page", () => {
    const id = "@A/ü #?_2026-11-24T10:00:00_Attempt=1";
    assert.deepEqual(route(links.attempt("df-1", id)), { view: "attempt", pipelineId: "df-1", id });
    assert.deepEqual(route(links.pipeline("df-1", 3)), { view: "pipeline", id: "df-1", page: 3 });
    assert.deepEqual(route(links.machine("arn:m")), { view: "machine", arn: "arn:m", page: 1 });
    assert.deepEqual(route(links.execution("arn:e")), { view: "execution", arn: "arn:e" });
    for (const odd of ["", "#", "#/", "#/nothing/x", "#/pipelines", "#/pipelines/%", "#/pipelines/%E0%A4%A"])
        assert.equal(route(odd).view, "home");
    assert.equal(route("#/pipelines/df-1?page=-7").page, 1);
});
