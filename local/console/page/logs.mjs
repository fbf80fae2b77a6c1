// Reads one task's log lines from CloudWatch Logs: its handler's, RunTask's and the poller's.

import { AwsError } from "./aws.mjs";

const LINES_A_CALL = 1000;
const MOST_LINES = 5000;
const LATE_MILLISECONDS = 5000;

/**
 * The log groups of the Lambda functions and the containers that a state machine runs, or those of `states` and
 * their branches alone. A container's group is `/ecs/` and the family of its task definition.
 * @param {Definition} definition
 * @param {string[]} states
 */
export function workLogGroups(definition, states = Object.keys(definition.States)) {
    const groups = states.flatMap((name) => [...groupsOf(definition.States[name])]);
    return [...new Set(groups)];
}

/**
 * @param {State | undefined} state
 * @returns {Generator<string>}
 */
function* groupsOf(state) {
    const { FunctionName: called, TaskDefinition: container } = state?.Arguments ?? {};
    if (typeof called === "string") {
        yield `/aws/lambda/${/function:([^:]+)/.exec(called)?.[1] ?? called}`;
    }
    if (typeof container === "string") {
        yield `/ecs/${/^(?:.*task-definition\/)?([^:/]+)/.exec(container)?.[1] ?? container}`;
    }
    for (const branch of state?.Branches ?? []) {
        for (const inner of Object.values(branch.States)) yield* groupsOf(inner);
    }
}

/**
 * A filter pattern for lines with all of these terms. It omits what cannot be written as a term.
 * @param {string[]} terms
 */
export function pattern(terms) {
    const plain = terms.filter((term) => /^[\x21-\x7e]+$/.test(term) && !/["\\]/.test(term));
    return plain.map((term) => `"${term}"`).join(" ");
}

/**
 * Parses a line: its `text`, its level or stream, and the rest of a JSON line as `entry`.
 * @param {{ eventId: string, timestamp: number, message: string }} event
 * @param {string} source
 * @returns {Line}
 */
export function read(event, source) {
    const line = {
        id: event.eventId,
        time: event.timestamp,
        source,
        text: event.message.trimEnd(),
        level: "",
        entry: null,
    };
    const entry = parsed(event.message);
    if (entry === null) return line;
    const text = entry.message ?? entry.type ?? line.text;
    return {
        ...line,
        text: typeof text === "string" ? text : JSON.stringify(text),
        level: String(entry.stream ?? entry.level ?? ""),
        entry,
    };
}

/**
 * Whether a line belongs to the attempt. A filter pattern matches text anywhere; the members are certain.
 * @param {Line} line
 * @param {LoggedTask} task
 */
export function isOf(line, { pipelineId, attemptId, executionArn }) {
    if (line.entry === null) return false;
    if (executionArn && line.entry.execution_arn === executionArn) return true;
    return line.entry.pipelineId === pipelineId && line.entry.attemptId === attemptId;
}

/** One attempt's lines. Each reading continues where the last one ended. */
export class TaskLog {
    /**
     * @param {Aws} aws
     * @param {LoggedTask} task
     */
    constructor(aws, task) {
        this.aws = aws;
        this.task = task;
        this.lines = new Map();
        this.since = new Map();
    }

    /**
     * The latest 5,000 lines in the order of their times. `groups` are log groups; `from` is the time to begin at.
     * @param {string[]} groups
     * @param {number | null | undefined} from
     */
    async read(groups, from) {
        for (const group of groups) await this.#readGroup(group, from);
        const lines = [...this.lines.values()].sort((a, b) => a.time - b.time).slice(-MOST_LINES);
        this.lines = new Map(lines.map((line) => [line.id, line]));
        return lines;
    }

    /**
     * @param {string} group
     * @param {number | null | undefined} from
     */
    async #readGroup(group, from) {
        const { pipelineId, attemptId, executionArn } = this.task;
        const terms = group.startsWith("/aws/vendedlogs/states/")
            ? [executionArn ?? ""]
            : [pipelineId, attemptId];
        // A line may be delivered after a later one of another stream.
        const startTime = Math.max(0, Math.floor(this.since.get(group) ?? from ?? 0) - LATE_MILLISECONDS);
        const request = {
            logGroupName: group,
            filterPattern: pattern(terms),
            startTime,
            limit: LINES_A_CALL,
        };
        const options = { items: "events", token: "nextToken", most: MOST_LINES };
        let events = [];
        try {
            events = await this.aws.all("logs", "FilterLogEvents", request, options);
        } catch (error) {
            // A function that has never run has no log group yet.
            if (!(error instanceof AwsError && error.code === "ResourceNotFoundException")) throw error;
        }
        for (const event of events) {
            const line = read(event, group);
            if (isOf(line, this.task)) this.lines.set(line.id, line);
            this.since.set(group, Math.max(this.since.get(group) ?? 0, event.timestamp));
        }
    }
}

/** @param {string} text */
function parsed(text) {
    try {
        const value = JSON.parse(text);
        return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
    } catch {
        return null;
    }
}
