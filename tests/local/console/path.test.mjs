import assert from "node:assert/strict";
import { test } from "node:test";
import { module } from "./page.mjs";

const { follow } = await module("path");
const { edgeKey } = await module("graph");

let id = 0;
const event = (type, details = {}) => {
    id += 1;
    return { id, type, timestamp: id, ...details };
};
const enters = (name) => event("TaskStateEntered", { stateEnteredEventDetails: { name } });
const exits = (name) => event("TaskStateExited", { stateExitedEventDetails: { name } });
const passes = (...names) => names.flatMap((name) => [enters(name), exits(name)]);

test("the way of an execution that runs ends in its current state", () => {
    const path = follow(
        [event("ExecutionStarted"), ...passes("Poll", "Next", "StartTask", "Poll", "Next"), enters("Wait")],
        "RUNNING",
    );
    assert.deepEqual(
        path.steps.map(({ name }) => name),
        ["Poll", "Next", "StartTask", "Poll", "Next", "Wait"],
    );
    assert.equal(path.current, "Wait");
    assert.equal(path.ended, null);
    assert.equal(path.taken.get(edgeKey("Poll", "Next")), 2);
    assert.equal(path.taken.get(edgeKey("Next", "Wait")), 1);
    assert.equal(path.taken.get(edgeKey("Wait", "Poll")), undefined);
    assert.equal(path.visits.get("Poll"), 2);
});

test("an execution that is over ended in its last state", () => {
    const path = follow([...passes("A", "B"), event("ExecutionSucceeded")], "SUCCEEDED");
    assert.deepEqual([path.current, path.ended], [null, "B"]);
    assert.ok(path.steps.every(({ exited }) => exited !== null));
});

test("between two states there is no current one", () => {
    assert.equal(follow(passes("A"), "RUNNING").current, null);
});

test("errors belong to the state that they happen in, and one that is caught leads on", () => {
    const failed = event("TaskFailed", {
        taskFailedEventDetails: { error: "Lambda.TooManyRequestsException", cause: "busy" },
    });
    const timedOut = event("TaskTimedOut", { taskTimedOutEventDetails: {} });
    const path = follow(
        [
            enters("A"),
            failed,
            timedOut,
            enters("B"),
            exits("B"),
            event("ExecutionFailed", { executionFailedEventDetails: { error: "E" } }),
        ],
        "FAILED",
    );
    assert.deepEqual(path.steps[0].problems, [
        { error: "Lambda.TooManyRequestsException", cause: "busy" },
        { error: "TaskTimedOut", cause: "" },
    ]);
    assert.deepEqual(path.steps[1].problems, []);
    assert.equal(path.taken.get(edgeKey("A", "B")), 1);
});

const BRANCHES = {
    StartAt: "Both",
    States: {
        Both: {
            Type: "Parallel",
            Branches: [
                { StartAt: "Run", States: { Run: { Type: "Task" }, Stopped: { Type: "Fail" } } },
                { StartAt: "Wait", States: { Wait: { Type: "Wait" } } },
            ],
            Next: "Done",
        },
        Done: { Type: "Succeed" },
    },
};

test("states in branches are steps, and the execution is in the state that has the branches", () => {
    const begun = [enters("Both"), event("ParallelStateStarted"), enters("Run"), enters("Wait")];
    const running = follow([...begun, exits("Wait"), enters("Wait")], "RUNNING", BRANCHES);
    assert.equal(running.current, "Both");
    assert.deepEqual([...running.taken.keys()], []);
    assert.equal(running.visits.get("Wait"), 2);
    assert.deepEqual(
        running.steps.map(({ name, within, exited }) => [name, within, exited !== null]),
        [
            ["Both", null, false],
            ["Run", "Both", false],
            ["Wait", "Both", true],
            ["Wait", "Both", false],
        ],
    );
    const over = follow(
        [
            ...begun,
            exits("Run"),
            enters("Stopped"),
            event("ParallelStateFailed"),
            exits("Both"),
            ...passes("Done"),
            event("ExecutionSucceeded"),
        ],
        "SUCCEEDED",
        BRANCHES,
    );
    assert.equal(over.ended, "Done");
    assert.deepEqual([...over.taken.keys()], [edgeKey("Both", "Done")]);
    assert.ok(over.steps.every(({ exited, problems }) => exited !== null && problems.length === 0));
});

test("a history that is not there yet is no way at all", () => {
    const path = follow([], "RUNNING");
    assert.deepEqual([path.steps, path.current, path.ended], [[], null, null]);
});
