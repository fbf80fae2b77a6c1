// One attempt: its fields at the service, the RunTask execution that runs it, and its log lines.

import { h, Part } from "./dom.mjs";
import { TaskLog, workLogGroups } from "./logs.mjs";
import { idParts } from "./objects.mjs";
import { follow } from "./path.mjs";
import { links } from "./routes.mjs";
import { isRunTask } from "./run-task.mjs";
import { StateData } from "./state-data.mjs";
import { clock, coarse, soFar, statuses, takenBy, timeOfDay } from "./timeline.mjs";
import { tone } from "./verdict.mjs";
import { executionParts, readExecution } from "./view-execution.mjs";
import { logParts } from "./view-log.mjs";
import { clockNote, empty, executionPill, facts, heading, loading, pill, section, time } from "./widgets.mjs";

const SHOWN_LINES = 1000;
const QUIET_FIELDS = /^(@|error|parent$|reportProgressTime$|hostname$|type$)/;

/**
 * Reads everything about an attempt. `known` is the last reading's result; `settings` tell which stack, and the
 * service's clock.
 * @param {{ executions: Executions, runs: Runs, log: TaskLog, settings: Pick<Settings, "stack" | "clock"> }} sources
 * @param {string} id
 * @param {ReadAttempt | null} known
 * @returns {Promise<ReadAttempt>}
 */
export async function readAttempt({ executions, runs, log, settings }, id, known) {
    const [attempt, machines] = await Promise.all([
        known?.attempt?.over ? known.attempt : runs.current(id),
        executions.machines(settings.stack),
    ]);
    const from = attempt?.started ? settings.clock.machine(attempt.started) : 0;
    const found = [];
    let complete = true;
    for (const { arn } of machines.filter(({ name }) => isRunTask(name))) {
        const of = await executions.ofAttempt(arn, runs.pipelineId, id, from);
        found.push(...of.found);
        complete &&= of.complete;
    }
    const latest = found[0] ? await readExecution(executions, found[0].arn) : null;
    const groups = await logGroups(executions, machines, latest);
    log.task.executionArn = latest?.execution.arn;
    const lines = await log.read(groups, found.at(-1)?.started);
    return { attempt, found: executions.withOutcomes(found), complete, latest, lines };
}

/**
 * The poller's groups, and of the execution RunTask's own and those of the handlers that it has entered.
 * @param {Executions} executions
 * @param {ListedMachine[]} machines
 * @param {ReadExecution | null} latest
 */
async function logGroups(executions, machines, latest) {
    const groups = [];
    for (const { arn } of machines.filter(({ name }) => name.includes("-PollLoop-"))) {
        groups.push(...workLogGroups((await executions.machine(arn)).definition));
    }
    if (latest) {
        const { visits } = follow(latest.events, latest.execution.status, latest.machine.definition);
        groups.push(latest.machine.logGroup, ...workLogGroups(latest.machine.definition, [...visits.keys()]));
    }
    return [...new Set(groups.filter(Boolean))];
}

/**
 * @param {HTMLElement} main
 * @param {Reads} reads
 * @param {{ pipelineId: string, id: string }} wanted
 * @returns {View}
 */
export function attemptView(main, { aws, pipelines, executions, settings, now, tell }, { pipelineId, id }) {
    const { clock: service } = settings;
    const runs = pipelines.runs(pipelineId);
    const log = new TaskLog(aws, { pipelineId, attemptId: id });
    const top = h("div", {}, loading("the attempt"));
    const middle = h("div");
    const bottom = h("div");
    main.replaceChildren(top, middle, bottom);
    const data = new StateData(executions, () => show(), tell);
    const above = new Part(top, (model) => attemptParts(pipelineId, model, settings));
    const run = new Part(middle, ({ attempt, latest, complete, second }) =>
        execution(attempt, latest, complete, second, data),
    );
    const lines = new Part(bottom, (model) => logParts(model));
    /** @type {ReadAttempt | null} */
    let known = null;
    /** @param {Run} attempt @param {Execution[]} found */
    const showAbove = (attempt, found) => {
        const second = Math.floor(service.now() / 1000) * 1000;
        const name = pipelines.described.get(pipelineId)?.name ?? pipelineId;
        above.show({ attempt, name, found, second: attempt.over ? 0 : clock([attempt], second) });
        document.title = `${attempt.component} ${attempt.status}`;
    };
    const show = () => {
        if (!known?.attempt) return;
        const { attempt, found, latest, complete } = known;
        showAbove(attempt, found);
        const second = latest?.execution.status === "RUNNING" ? Math.floor(now() / 1000) * 1000 : 0;
        run.show({ attempt, latest, complete, second, unfolded: data.shown });
        lines.show({
            lines: known.lines.slice(-SHOWN_LINES),
            total: known.lines.length,
            over: attempt.over,
        });
    };
    return {
        seconds: 3,
        async read(alive) {
            if (!known) {
                const named = pipelines.described.has(pipelineId) ? null : pipelines.describe([pipelineId]);
                const [attempt] = await Promise.all([runs.current(id), named]);
                if (!alive()) return;
                if (attempt === null) {
                    main.replaceChildren(
                        empty(
                            "There is no such attempt.",
                            "Its pipeline may have been activated anew or deleted.",
                        ),
                    );
                    return;
                }
                // What the service says comes at once; the execution and the log take longer.
                showAbove(attempt, []);
                middle.replaceChildren(loading("the execution and the log"));
            }
            const read = await readAttempt({ executions, runs, log, settings }, id, known);
            known = read;
            if (alive()) show();
        },
    };
}

/**
 * @param {string} pipelineId
 * @param {{ attempt: Run, name: string, found: Execution[], second: number }} model
 * @param {Settings} settings
 */
function attemptParts(pipelineId, { attempt, name, found, second }, settings) {
    const { scheduled } = idParts(attempt.id);
    const taken = found.at(-1)?.started;
    return [
        heading(
            [
                h("a", { href: links.pipeline(pipelineId) }, name),
                ` / ${attempt.component} for ${scheduled.replace("T", " ")}`,
            ],
            `Attempt ${attempt.attempt ?? ""}`,
            pill(attempt.status),
        ),
        facts([
            ["Began", time(attempt.started)],
            ["Ended", time(attempt.ended)],
            ["Last report", time(attempt.lastReport)],
            ["Runner", attempt.fields.hostname],
            ["Type", attempt.fields.type],
            [
                "Executions",
                found.length
                    ? found.map((each) => [
                          h("a", { href: links.execution(each.arn) }, each.name),
                          " ",
                          executionPill(each),
                          " ",
                      ])
                    : "",
            ],
        ]),
        attempt.errorId || attempt.errorMessage
            ? h(
                  "div",
                  { class: "error-box" },
                  h("strong", {}, attempt.errorId),
                  attempt.errorMessage ? h("pre", {}, attempt.errorMessage) : null,
                  attempt.errorStackTrace ? h("pre", {}, attempt.errorStackTrace) : null,
              )
            : null,
        section(
            "Status over time",
            `Data Pipeline's times, in UTC${clockNote(settings)}`,
            statusList(
                statuses(takenBy(attempt, taken ? settings.clock.service(taken) : null), second),
                attempt.over ? null : second,
            ),
        ),
        fields(attempt.fields),
    ];
}

/**
 * `now` is null when the last status is the end.
 * @param {Status[]} changes
 * @param {number | null} now
 */
function statusList(changes, now) {
    return h(
        "ol",
        { class: "statuses" },
        changes.map(({ status, from, to }) => {
            const lasted = to !== null ? `for ${coarse(to - from)}` : now !== null ? soFar(now - from) : "";
            return h(
                "li",
                { class: tone(status) },
                pill(status),
                h("span", { class: "number" }, timeOfDay(from)),
                h("span", { class: "hint" }, lasted),
            );
        }),
    );
}

/** @param {Record<string, string>} all */
function fields(all) {
    const own = Object.entries(all).filter(([key]) => !QUIET_FIELDS.test(key));
    if (!own.length) return null;
    return h(
        "details",
        { id: "fields" },
        h("summary", { id: "fields-summary" }, `Fields (${own.length})`),
        facts(own.map(([key, value]) => [key, h("code", {}, key.startsWith("*") ? "(secret)" : value)])),
    );
}

/**
 * @param {Run} attempt
 * @param {ReadExecution | null} latest
 * @param {boolean} complete
 * @param {number} second
 * @param {StateData} data
 */
function execution(attempt, latest, complete, second, data) {
    if (latest) {
        return [
            h(
                "p",
                { class: "run" },
                "RunTask ",
                h("a", { href: links.execution(latest.execution.arn) }, latest.execution.name),
                " ",
                executionPill(latest.execution),
            ),
            executionParts(latest, second, data),
        ];
    }
    if (!complete) return section("RunTask", "", loading("the executions"));
    return section(
        "RunTask",
        "",
        attempt.over
            ? empty("No execution of this attempt is found.", "Step Functions keeps executions for 90 days.")
            : empty(
                  "No execution runs this attempt yet.",
                  "A poller takes the task when it is ready and the worker group is polled; then PollLoop starts RunTask.",
              ),
    );
}
