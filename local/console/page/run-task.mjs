// What RunTask's executions say of their tasks: by name, by input and by output.

import { idParts } from "./objects.mjs";

const OUTCOMES = new Set(["FINISHED", "FAILED", "FALSE", "CANCELED", "NO_LONGER_OURS"]);

/**
 * Whether a state machine is a stack's RunTask.
 * @param {string} nameOrArn
 */
export function isRunTask(nameOrArn) {
    return nameOrArn.endsWith("-RunTask");
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
    const { pipelineId, attemptId, receivedAt, workerGroup, route, taskId } = parsed(input);
    return { pipelineId, attemptId, receivedAt, workerGroup, route, taskId };
}

/**
 * How the task ended, by the output of its execution; null if that does not tell.
 * @param {string | undefined} output
 * @returns {Outcome | null}
 */
export function outcomeOf(output) {
    const { status, errorId } = parsed(output ?? "");
    return OUTCOMES.has(status) ? { status, errorId: String(errorId ?? "") } : null;
}

/**
 * @param {string} text
 * @returns {any}
 */
function parsed(text) {
    try {
        return JSON.parse(text) ?? {};
    } catch {
        return {};
    }
}
