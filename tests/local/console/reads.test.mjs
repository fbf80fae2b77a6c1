import assert from "node:assert/strict";
import { test } from "node:test";
import { awsOf, module } from "./page.mjs";

const { fieldsOf, idParts, latestFirst, pageOf, timeOf } = await module("objects");
const { Executions } = await module("executions");
const { envelopeOf, namePrefix, outcomeOf } = await module("run-task");
const { TaskLog, pattern, read, workLogGroups } = await module("logs");
const { AwsError } = await module("aws");
const { links, route } = await module("routes");

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
    for (const odd of ["no JSON", "null", "[]"]) assert.equal(envelopeOf(odd).attemptId, undefined);
});

test("executions are looked at from the attempt's beginning on, a page at a time", async () => {
    const { aws, calls } = await awsOf((operation, request) => {
        if (operation === "DescribeExecution") return { executionArn: request.executionArn, input: "{}" };
        const first = Number(request.nextToken ?? 0);
        const executions = Array.from({ length: 1000 }, (_, n) => ({
            executionArn: `arn:${first + n}`,
            name: `Copy-1-${first + n}`,
            status: "SUCCEEDED",
            startDate: 1_000_000 - first - n,
        }));
        return { executions, nextToken: String(first + 1000) };
    });
    const executions = new Executions(aws);
    const attempt = "@Copy_2026-11-24T10:00:00_Attempt=1";
    const { complete } = await executions.ofAttempt("arn:m", "df-1", attempt, (1_000_000 - 2400) * 1000);
    assert.equal(calls.filter(({ operation }) => operation === "ListExecutions").length, 3);
    const described = calls.filter(({ operation }) => operation === "DescribeExecution");
    // It began with the attempt or soon after it, so the earliest ones come first.
    assert.deepEqual([described.length, described[0].request.executionArn], [25, "arn:2460"]);
    assert.equal(complete, false);
});

test("an execution's outcome is that of its task, if RunTask ran it", async () => {
    assert.deepEqual(outcomeOf('{"status":"FAILED","errorId":"Broken"}'), {
        status: "FAILED",
        errorId: "Broken",
    });
    for (const output of [undefined, "", "null", "[]", "no JSON", '{"status":"other"}', "{}"])
        assert.equal(outcomeOf(output), null);
    const listed = (machine) =>
        Array.from({ length: 7 }, (_, n) => ({
            executionArn: `arn:${machine}:${n}`,
            stateMachineArn: `arn:${machine}`,
            name: String(n),
            status: n ? "SUCCEEDED" : "RUNNING",
        }));
    const { aws, calls } = await awsOf((operation, { stateMachineArn, executionArn: arn }) =>
        operation === "ListExecutions"
            ? { executions: listed(stateMachineArn.slice(4)) }
            : {
                  ...listed(arn.split(":")[1])[Number(arn.split(":")[2])],
                  output: '{"status":"FAILED","errorId":"Broken"}',
              },
    );
    const executions = new Executions(aws);
    const runTask = await executions.list("arn:S-RunTask");
    const other = await executions.list("arn:S-Other");
    for (let i = 0; i < 2; i += 1) await executions.readOutcomes([...runTask, ...other]);
    // Each that is over, once: an outcome does not change.
    assert.equal(calls.filter(({ operation }) => operation === "DescribeExecution").length, 6);
    assert.deepEqual(
        executions.withOutcomes(runTask).map(({ outcome }) => outcome?.status ?? null),
        [null, ...Array(6).fill("FAILED")],
    );
    assert.ok(executions.withOutcomes(other).every(({ outcome }) => outcome === null));
    assert.equal((await executions.describe("arn:S-Other:1")).outcome, null);
});

test("inputs and outputs are read from the end of a history back to the state", async () => {
    const { aws, calls } = await awsOf((_, { includeExecutionData, maxResults, nextToken = 500 }) => {
        assert.ok(includeExecutionData);
        const events = Array.from({ length: maxResults }, (_, i) => {
            const id = nextToken - i;
            return id % 2
                ? { id, stateEnteredEventDetails: { name: "A", input: `in ${id}` } }
                : { id, stateExitedEventDetails: { name: "A", output: `out ${id}` } };
        });
        return { events, nextToken: nextToken - maxResults };
    });
    const data = await new Executions(aws).data("arn:e", 351);
    assert.deepEqual(
        [data[351], data[352], data[500], data[300]],
        ["in 351", "out 352", "out 500", undefined],
    );
    assert.equal(calls.length, 2);
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
        assert.deepEqual(route(odd), { view: "home", search: "", status: "", page: 1 });
    const wanted = { search: "a b&c", status: "ERROR", page: 2 };
    assert.deepEqual(route(links.home(wanted)), { view: "home", ...wanted });
    assert.equal(links.home(), "#/");
    assert.equal(route("#/pipelines/df-1?page=-7").page, 1);
});
