// What an execution did, from its history.

import { edgeKey } from "./graph.mjs";

/**
 * `{steps, visits, taken, current, ended}`: the states in the order in which they were entered, how often each
 * was, how often each transition was taken, the state that the execution is in, and the one that it ended in.
 * States in branches are steps too, but the execution is in the state that has the branches.
 * @param {HistoryEvent[]} events
 * @param {string} status
 * @param {Definition | null} definition
 * @returns {Path}
 */
export function follow(events, status, definition = null) {
    const outer = outermost(definition);
    /** @type {Step[]} */
    const steps = [];
    const visits = new Map();
    const taken = new Map();
    /** @type {Step | null} */
    let step = null;
    /** @type {Step[]} */
    let inner = [];
    for (const event of events) {
        const at = event.timestamp * 1000;
        const entered = event.stateEnteredEventDetails?.name;
        const exited = event.stateExitedEventDetails?.name;
        if (entered !== undefined) {
            const next = newStep(entered, event, outer.get(entered) ?? null);
            steps.push(next);
            count(visits, entered);
            if (next.within !== null) {
                inner.push(next);
                continue;
            }
            if (step) count(taken, edgeKey(step.name, entered));
            step = next;
            inner = [];
        } else if (step && exited === step.name) {
            step.exited = at;
            step.exitedId = event.id;
            // What was aborted with its branch was left now.
            for (const left of inner) left.exited ??= at;
        } else if (exited !== undefined) {
            const left = inner.find((each) => each.name === exited && each.exited === null);
            if (left) Object.assign(left, { exited: at, exitedId: event.id });
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
 * The state at the top that contains each state in a branch. Names are unique in a state machine.
 * @param {Definition | null} definition
 */
function outermost(definition) {
    /** @type {Map<string, string>} */
    const found = new Map();
    /** @param {State} state @param {string} top */
    const look = (state, top) => {
        for (const branch of state.Branches ?? []) {
            for (const [name, inner] of Object.entries(branch.States)) {
                found.set(name, top);
                look(inner, top);
            }
        }
    };
    for (const [name, state] of Object.entries(definition?.States ?? {})) look(state, name);
    return found;
}

/**
 * @param {string} name
 * @param {HistoryEvent} event
 * @param {string | null} within
 * @returns {Step}
 */
function newStep(name, { id, timestamp }, within) {
    return {
        name,
        within,
        entered: timestamp * 1000,
        exited: null,
        enteredId: id,
        exitedId: null,
        problems: [],
    };
}

/**
 * The error of an event such as TaskFailed or LambdaFunctionTimedOut; null for other events. ParallelStateFailed
 * says nothing about the error.
 * @param {HistoryEvent} event
 */
function problemOf(event) {
    if (!/(Failed|TimedOut)$/.test(event.type) || event.type.startsWith("Parallel")) return null;
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
