import assert from "node:assert/strict";
import { test } from "node:test";
import { module } from "./page.mjs";

const { clock, coarse, dateTime, duration, fraction, segments, soFar, span, statuses, takenBy, ticks } =
    await module("timeline");

const run = (members) => ({
    status: "RUNNING",
    over: false,
    started: 1000,
    ended: null,
    firstReport: null,
    lastReport: null,
    ...members,
});
const brief = (parts) => parts.map(({ status, from, to }) => [status, from, to]);

test("an attempt waits until a runner reports on it, and then runs", () => {
    assert.deepEqual(brief(segments(run({ firstReport: 3000, lastReport: 4000 }), 9000)), [
        ["WAITING_FOR_RUNNER", 1000, 3000],
        ["RUNNING", 3000, 9000],
    ]);
});

test("an attempt that is over ends there", () => {
    const over = run({ status: "FAILED", over: true, firstReport: 3000, lastReport: 3000, ended: 5000 });
    assert.deepEqual(brief(segments(over, 9000)), [
        ["WAITING_FOR_RUNNER", 1000, 3000],
        ["FAILED", 3000, 5000],
    ]);
    assert.deepEqual(brief(statuses(over, 9000)), [
        ["WAITING_FOR_RUNNER", 1000, 3000],
        ["RUNNING", 3000, 5000],
        ["FAILED", 5000, null],
    ]);
});

test("an attempt that nobody took has waited all the time", () => {
    assert.deepEqual(brief(segments(run({ status: "WAITING_FOR_RUNNER" }), 9000)), [
        ["WAITING_FOR_RUNNER", 1000, 9000],
    ]);
    const canceled = run({ status: "CANCELED", over: true, ended: 2000 });
    assert.deepEqual(brief(statuses(canceled, 9000)), [
        ["WAITING_FOR_RUNNER", 1000, 2000],
        ["CANCELED", 2000, null],
    ]);
});

test("an attempt whose runner fell silent waits again", () => {
    const again = run({ status: "WAITING_FOR_RUNNER", firstReport: 2000, lastReport: 4000 });
    assert.deepEqual(brief(statuses(again, 9000)), [
        ["WAITING_FOR_RUNNER", 1000, 2000],
        ["RUNNING", 2000, 4000],
        ["WAITING_FOR_RUNNER", 4000, null],
    ]);
});

test("of an attempt that was taken at a time that nobody saw, no wait is made up", () => {
    const late = run({ started: 0, lastReport: 3_600_000 });
    assert.deepEqual(brief(segments(late, 4_000_000)), [["RUNNING", 0, 4_000_000]]);
    const over = { ...late, over: true, status: "FINISHED", ended: 3_700_000 };
    assert.deepEqual(brief(statuses(over, 0)), [
        ["RUNNING", 0, 3_700_000],
        ["FINISHED", 3_700_000, null],
    ]);
});

test("the execution tells when an attempt was taken, unless its clock is another", () => {
    const late = run({ started: 10_000, lastReport: 70_000 });
    assert.equal(takenBy(late, 12_345).firstReport, 12_345);
    assert.equal(takenBy(late, 70_500).firstReport, 70_500);
    for (const other of [9_000, 71_000, undefined]) assert.equal(takenBy(late, other).firstReport, null);
    assert.equal(takenBy(run({}), 12_345).firstReport, null);
});

test("odd times give no bar that runs backwards", () => {
    for (const odd of [
        run({ firstReport: 500, lastReport: 500 }),
        run({ over: true, status: "FINISHED", ended: 200 }),
        run({ started: null }),
    ]) {
        for (const { from, to } of segments(odd, 400)) assert.ok(from <= to);
    }
});

test("the axis takes in all runs, and is never empty", () => {
    assert.deepEqual(
        span(
            [run({ started: 5000, over: true, status: "FINISHED", ended: 8000 }), run({ started: 2000 })],
            20000,
        ),
        { from: 2000, to: 20000 },
    );
    assert.deepEqual(span([run({ started: null })], 20000), { from: 19000, to: 20000 });
    assert.deepEqual(span([run({ over: true, status: "FINISHED", ended: 1000 })], 0), {
        from: 1000,
        to: 2000,
    });
});

test("the service's clock is never behind what it has told", () => {
    assert.equal(clock([run({ lastReport: 7000 })], 3000), 7000);
    assert.equal(clock([run({})], 3000), 3000);
});

test("there are few ticks, at round times, in every span", () => {
    for (const seconds of [1, 3, 59, 600, 4000, 90_000, 40 * 86_400, 4000 * 86_400]) {
        const range = {
            from: Date.UTC(2026, 10, 24, 10, 0, 1),
            to: Date.UTC(2026, 10, 24, 10, 0, 1) + seconds * 1000,
        };
        const marks = ticks(range, 5);
        assert.ok(marks.length >= 1 && marks.length <= 6, `${seconds} s: ${marks.length}`);
        assert.ok(marks.every((mark) => mark >= range.from && mark <= range.to && mark % 1000 === 0));
    }
});

test("times are told as people say them", () => {
    assert.deepEqual([0, 450, 1250, 12_000, 200_000, 7_500_000, 349_200_000].map(duration), [
        "0 ms",
        "450 ms",
        "1.2 s",
        "12 s",
        "3 min 20 s",
        "2 h 5 min",
        "4 d 1 h",
    ]);
    assert.deepEqual(
        [coarse(0), coarse(2000), soFar(0), soFar(60_000)],
        ["under 1 s", "2 s", "so far", "for 1 min so far"],
    );
    assert.equal(dateTime(Date.UTC(2026, 10, 24, 10)), "2026-11-24 10:00:00");
    assert.equal(dateTime(null), "");
    assert.deepEqual(
        [
            fraction(-5, { from: 0, to: 10 }),
            fraction(5, { from: 0, to: 10 }),
            fraction(50, { from: 0, to: 10 }),
        ],
        [0, 0.5, 1],
    );
});

test("an instance that failed because another one did has waited until then", () => {
    const failed = run({ status: "CASCADE_FAILED", over: true, ended: 5000 });
    assert.deepEqual(brief(segments(failed, 9000)), [
        ["WAITING_ON_DEPENDENCIES", 1000, 5000],
        ["CASCADE_FAILED", 5000, 5000],
    ]);
});
