// State machines and their executions, read from the Step Functions API.

import { idParts } from "./pipelines.mjs";

const HISTORY_PAGE = 1000;
const MOST_EVENTS = 5000;
const MOST_EXECUTIONS = 1000;
const DESCRIBED_A_READING = 25;

/** @param {number | null | undefined} seconds */
const milliseconds = (seconds) => (seconds == null ? null : seconds * 1000);

/**
 * @param {any} told
 * @returns {Execution}
 */
function execution(told) {
    return {
        arn: told.executionArn,
        machineArn: told.stateMachineArn,
        name: told.name,
        status: told.status,
        started: milliseconds(told.startDate),
        stopped: milliseconds(told.stopDate),
    };
}

/**
 * The start of the name of each execution that runs this attempt. RunTask's are `<object>-<group>-<task>`.
 * @param {string} attemptId
 */
export function namePrefix(attemptId) {
    const slug = idParts(attemptId)
        .component.replace(/[^A-Za-z0-9]+/g, "-")
        .replace(/^-+|-+$/g, "")
        .slice(0, 30);
    return `${slug || "task"}-`;
}

/**
 * The execution's input, if it is a task's envelope.
 * @param {string} input
 * @returns {Task}
 */
export function envelopeOf(input) {
    try {
        const { pipelineId, attemptId, receivedAt, workerGroup, route, taskId } = JSON.parse(input);
        return { pipelineId, attemptId, receivedAt, workerGroup, route, taskId };
    } catch {
        return {};
    }
}

export class Executions {
    /** @param {Aws} aws */
    constructor(aws) {
        this.aws = aws;
        this.definitions = new Map();
        this.envelopes = new Map();
        this.histories = new Map();
    }

    /**
     * All state machines by name.
     * @returns {Promise<ListedMachine[]>}
     */
    async machines() {
        const options = { items: "stateMachines", token: "nextToken" };
        const told = await this.aws.all("stepFunctions", "ListStateMachines", {}, options);
        return told
            .map(({ name, stateMachineArn }) => ({ name, arn: stateMachineArn }))
            .sort((a, b) => (a.name < b.name ? -1 : 1));
    }

    /**
     * The latest executions of a state machine, latest first.
     * @param {string} machineArn
     * @param {number} most
     * @returns {Promise<Execution[]>}
     */
    async list(machineArn, most = MOST_EXECUTIONS) {
        const request = { stateMachineArn: machineArn, maxResults: Math.min(most, MOST_EXECUTIONS) };
        const options = { items: "executions", token: "nextToken", most };
        const told = await this.aws.all("stepFunctions", "ListExecutions", request, options);
        return told.map(execution);
    }

    /**
     * @param {string} arn
     * @returns {Promise<DescribedExecution>}
     */
    async describe(arn) {
        const told = await this.aws.call("stepFunctions", "DescribeExecution", { executionArn: arn });
        this.envelopes.set(arn, envelopeOf(told.input));
        return {
            ...execution(told),
            error: told.error ?? "",
            cause: told.cause ?? "",
            task: this.envelopes.get(arn),
        };
    }

    /**
     * The definition that an execution runs by, and the log group of its state machine.
     * @param {string} executionArn
     * @returns {Promise<Machine>}
     */
    async machineOf(executionArn) {
        if (!this.definitions.has(executionArn)) {
            const told = await this.aws.call("stepFunctions", "DescribeStateMachineForExecution", {
                executionArn,
            });
            this.definitions.set(executionArn, machine(told));
        }
        return this.definitions.get(executionArn);
    }

    /** @param {string} arn */
    async machine(arn) {
        return machine(
            await this.aws.call("stepFunctions", "DescribeStateMachine", { stateMachineArn: arn }),
        );
    }

    /**
     * An execution's events in their order: the latest 5,000 of them. What was read once is not read again.
     * @param {string} executionArn
     * @returns {Promise<HistoryEvent[]>}
     */
    async history(executionArn) {
        const known = this.histories.get(executionArn) ?? [];
        const last = known.at(-1)?.id ?? 0;
        const fresh = [];
        let nextToken;
        do {
            const page = await this.aws.call("stepFunctions", "GetExecutionHistory", {
                executionArn,
                includeExecutionData: false,
                reverseOrder: true,
                // After the first time there is little to read: a small page usually contains everything.
                maxResults: known.length ? 100 : HISTORY_PAGE,
                ...(nextToken ? { nextToken } : {}),
            });
            /** @type {HistoryEvent[]} */
            const events = page.events;
            fresh.push(...events.filter(({ id }) => id > last));
            nextToken = events.some(({ id }) => id <= last) ? undefined : page.nextToken;
        } while (nextToken && fresh.length < MOST_EVENTS);
        const events = [...known, ...fresh.reverse()].slice(-MOST_EVENTS);
        this.histories.set(executionArn, events);
        return events;
    }

    /**
     * The executions that run a task of an attempt, latest first, and whether all candidates have been looked at:
     * the input tells, and a reading describes 25 executions at most.
     * @param {string} machineArn
     * @param {string} pipelineId
     * @param {string} attemptId
     */
    async ofAttempt(machineArn, pipelineId, attemptId) {
        const prefix = namePrefix(attemptId);
        const candidates = (await this.list(machineArn)).filter(({ name }) => name.startsWith(prefix));
        const unknown = candidates.filter(({ arn }) => !this.envelopes.has(arn));
        for (const { arn } of unknown.slice(0, DESCRIBED_A_READING)) await this.describe(arn);
        const found = candidates.filter(({ arn }) => {
            const task = this.envelopes.get(arn);
            return task?.pipelineId === pipelineId && task?.attemptId === attemptId;
        });
        return { found, complete: unknown.length <= DESCRIBED_A_READING };
    }
}

/**
 * @param {any} told
 * @returns {Machine}
 */
function machine(told) {
    const destination =
        told.loggingConfiguration?.destinations?.[0]?.cloudWatchLogsLogGroup?.logGroupArn ?? "";
    return {
        name: told.name,
        definition: JSON.parse(told.definition),
        logGroup: /:log-group:([^:]+)/.exec(destination)?.[1] ?? "",
    };
}
