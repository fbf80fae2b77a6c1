// One word for how a pipeline or an execution is: what failed never looks finished.

/** @type {Record<string, string[]>} */
const TONES = {
    good: ["FINISHED", "SUCCEEDED", "HEALTHY", "OK"],
    busy: ["RUNNING", "SCHEDULED"],
    waiting: ["WAITING_FOR_RUNNER", "PENDING_REDRIVE", "DEACTIVATING", "FALSE"],
    bad: ["FAILED", "CASCADE_FAILED", "TIMED_OUT", "ERROR", "ALARM"],
    stopped: ["CANCELED", "ABORTED", "NO_LONGER_OURS"],
};

/**
 * A status's colour. It is never shown without the word.
 * @param {string} status
 */
export function tone(status) {
    return Object.keys(TONES).find((name) => TONES[name].includes(status)) ?? "quiet";
}

/**
 * A pipeline's health if that is bad, else its state: a pipeline whose activity failed is FINISHED all the same.
 * Empty until it has been described.
 * @param {Partial<Pipeline>} pipeline
 */
export function pipelineVerdict({ state, health }) {
    return health === "ERROR" ? health : (state ?? "");
}

/**
 * How the task of an execution ended if it reported that, else the execution's own status: RunTask SUCCEEDED when
 * it has reported a task as FAILED.
 * @param {Pick<Execution, "status" | "outcome">} execution
 */
export function executionVerdict({ status, outcome }) {
    return status === "SUCCEEDED" && outcome ? outcome.status : status;
}

/**
 * Failed ones first, then the newest.
 * @param {Listed[]} pipelines
 */
export function failedFirst(pipelines) {
    /** @param {Listed} pipeline */
    const rank = (pipeline) => (tone(pipelineVerdict(pipeline)) === "bad" ? 0 : 1);
    return [...pipelines].sort(
        (a, b) => rank(a) - rank(b) || (b.created ?? 0) - (a.created ?? 0) || (a.name < b.name ? -1 : 1),
    );
}
