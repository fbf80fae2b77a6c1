// State machines and their executions, read from the Step Functions API.

import { inParts } from "./objects.mjs";
import { envelopeOf, isRunTask, namePrefix, outcomeOf } from "./run-task.mjs";

const HISTORY_PAGE = 1000;
const MOST_EVENTS = 5000;
const MOST_EXECUTIONS = 1000;
const DESCRIBED_A_READING = 25;
const AT_ONCE = 5;
const DATA_PAGE = 100;
const MOST_DATA_PAGES = 10;
const MINUTE = 60_000;

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
        outcome: null,
    };
}

export class Executions {
    /** @param {Aws} aws */
    constructor(aws) {
        this.aws = aws;
        this.definitions = new Map();
        this.envelopes = new Map();
        /** @type {Map<string, Outcome | null>} */
        this.outcomes = new Map();
        this.histories = new Map();
    }

    /**
     * The state machines of a stack, or all, by name.
     * @param {string} stack
     * @returns {Promise<ListedMachine[]>}
     */
    async machines(stack) {
        const options = { items: "stateMachines", token: "nextToken" };
        const told = await this.aws.all("stepFunctions", "ListStateMachines", {}, options);
        return told
            .map(({ name, stateMachineArn }) => ({ name, arn: stateMachineArn }))
            .filter(({ name }) => !stack || name.startsWith(`${stack}-`))
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
        return told.map(execution).sort((a, b) => (b.started ?? 0) - (a.started ?? 0));
    }

    /**
     * @param {string} arn
     * @returns {Promise<DescribedExecution>}
     */
    async describe(arn) {
        const told = await this.aws.call("stepFunctions", "DescribeExecution", { executionArn: arn });
        this.envelopes.set(arn, envelopeOf(told.input ?? ""));
        const outcome = isRunTask(told.stateMachineArn ?? "") ? outcomeOf(told.output) : null;
        if (told.status !== "RUNNING") this.outcomes.set(arn, outcome);
        return {
            ...execution(told),
            outcome,
            error: told.error ?? "",
            cause: told.cause ?? "",
            input: told.input ?? "",
            output: told.output ?? "",
            task: this.envelopes.get(arn),
        };
    }

    /**
     * The executions with the outcomes of their tasks, as far as these are known.
     * @param {Execution[]} executions
     * @returns {Execution[]}
     */
    withOutcomes(executions) {
        return executions.map((each) => ({ ...each, outcome: this.outcomes.get(each.arn) ?? null }));
    }

    /**
     * Finds out the outcomes of these executions' tasks: lists tell none. An outcome does not change.
     * @param {Execution[]} executions
     */
    async readOutcomes(executions) {
        const unknown = executions.filter(
            ({ arn, machineArn, status }) =>
                status === "SUCCEEDED" && isRunTask(machineArn) && !this.outcomes.has(arn),
        );
        await this.#describeAll(unknown);
    }

    /** @param {Execution[]} executions */
    async #describeAll(executions) {
        for (const some of inParts(executions, AT_ONCE))
            await Promise.all(some.map(({ arn }) => this.describe(arn)));
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
     * The inputs and outputs of states by the ids of the events of entering and leaving them, from the end of the
     * history back to the event `first`.
     * @param {string} executionArn
     * @param {number} first
     * @returns {Promise<Record<number, string>>}
     */
    async data(executionArn, first) {
        /** @type {Record<number, string>} */
        const found = {};
        const request = {
            executionArn,
            includeExecutionData: true,
            reverseOrder: true,
            maxResults: DATA_PAGE,
        };
        const paging = { items: "events", token: "nextToken" };
        let pages = 0;
        for await (const events of this.aws.pages("stepFunctions", "GetExecutionHistory", request, paging)) {
            for (const { id, stateEnteredEventDetails: entered, stateExitedEventDetails: exited } of events) {
                const text = entered?.input ?? exited?.output;
                if (text !== undefined) found[id] = text;
            }
            pages += 1;
            if (pages === MOST_DATA_PAGES || events.some(({ id }) => id <= first)) break;
        }
        return found;
    }

    /**
     * The executions that run a task of an attempt, latest first, and whether all candidates have been looked at:
     * the input tells, and a reading describes 25 executions at most, those first that began soonest after `from`.
     * @param {string} machineArn
     * @param {string} pipelineId
     * @param {string} attemptId
     * @param {number} from
     */
    async ofAttempt(machineArn, pipelineId, attemptId, from = 0) {
        const prefix = namePrefix(attemptId);
        /** @param {Execution[]} all */
        const named = (all) => all.filter(({ name }) => name.startsWith(prefix));
        let candidates = named(await this.#since(machineArn, from - MINUTE));
        // The clock of the service may be another one than that of the executions.
        if (!candidates.length) candidates = named(await this.list(machineArn));
        const unknown = candidates.filter(({ arn }) => !this.envelopes.has(arn));
        await this.#describeAll(unknown.reverse().slice(0, DESCRIBED_A_READING));
        const found = candidates.filter(({ arn }) => {
            const task = this.envelopes.get(arn);
            return task?.pipelineId === pipelineId && task?.attemptId === attemptId;
        });
        return { found, complete: unknown.length <= DESCRIBED_A_READING };
    }

    /**
     * The executions that began at a time or later, latest first; 10,000 at most.
     * @param {string} machineArn
     * @param {number} from
     */
    async #since(machineArn, from) {
        /** @type {Execution[]} */
        const found = [];
        const request = { stateMachineArn: machineArn, maxResults: MOST_EXECUTIONS };
        const paging = { items: "executions", token: "nextToken" };
        for await (const page of this.aws.pages("stepFunctions", "ListExecutions", request, paging)) {
            const late = page.map(execution).filter(({ started }) => (started ?? from) >= from);
            found.push(...late);
            if (late.length < page.length || found.length >= 10 * MOST_EXECUTIONS) break;
        }
        return found.sort((a, b) => (b.started ?? 0) - (a.started ?? 0));
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
