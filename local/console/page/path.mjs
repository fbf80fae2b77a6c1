// What an execution did, from its history.

import { edgeKey } from "./graph.mjs";

/**
 * `{steps, visits, taken, current, ended}`: the states in the order in which they were entered, how often each
 * was, how often each transition was taken, the state that the execution is in, and the one that it ended in.
 * @param {HistoryEvent[]} events
 * @param {string} status
 * @returns {Path}
 */
export function follow(events, status) {
    const steps = [];
    const visits = new Map();
    const taken = new Map();
    /** @type {Step | null} */
    let step = null;
    for (const event of events) {
        const entered = event.stateEnteredEventDetails?.name;
        if (entered !== undefined) {
            if (step) count(taken, edgeKey(step.name, entered));
            step = { name: entered, entered: event.timestamp * 1000, exited: null, problems: [] };
            steps.push(step);
            count(visits, entered);
        } else if (step && event.stateExitedEventDetails?.name === step.name) {
            step.exited = event.timestamp * 1000;
        } else if (step && !event.type.startsWith("Execution")) {
            const problem = problemOf(event);
            if (problem) step.problems.push(problem);
        }
    }
    return {
        steps,
        visits,
        taken,
        current: status === "RUNNING" && step && step.exited === null ? step.name : null,
        ended: status === "RUNNING" ? null : (step?.name ?? null),
    };
}

/**
 * The error of an event such as TaskFailed or LambdaFunctionTimedOut; null for other events.
 * @param {HistoryEvent} event
 */
function problemOf(event) {
    if (!/(Failed|TimedOut)$/.test(event.type)) return null;
    const details = Object.entries(event).find(([key]) => key.endsWith("EventDetails"))?.[1] ?? {};
    return { error: details.error ?? event.type, cause: details.cause ?? "" };
}

/**
 * @param {Map<string, number>} counts
 * @param {string} key
 */
function count(counts, key) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
}
