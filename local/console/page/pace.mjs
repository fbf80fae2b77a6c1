// How often the page may call an operation of Data Pipeline.
//
// An account shares its request rates (developer guide, limits) with its task runner. The page keeps to a
// quarter of them at most, and its burst to a fifth of the documented one.

/** @type {Record<string, { perSecond: number, burst: number }>} */
export const PACES = {
    QueryObjects: { perSecond: 0.5, burst: 20 },
    DescribeObjects: { perSecond: 0.5, burst: 20 },
    ListPipelines: { perSecond: 0.25, burst: 20 },
    DescribePipelines: { perSecond: 0.25, burst: 20 },
    GetPipelineDefinition: { perSecond: 0.25, burst: 20 },
};

/** A bucket of tokens: `burst` at once, then `perSecond`. Times are milliseconds. */
export class Pace {
    /**
     * @param {{ perSecond: number, burst: number }} rate
     * @param {number} now
     */
    constructor({ perSecond, burst }, now) {
        this.perSecond = perSecond;
        this.burst = burst;
        this.left = burst;
        this.since = now;
    }

    /**
     * Takes the next turn, and says in how many milliseconds it comes.
     * @param {number} now
     */
    take(now) {
        this.left = Math.min(this.burst, this.left + ((now - this.since) / 1000) * this.perSecond) - 1;
        this.since = now;
        return this.left >= 0 ? 0 : (-this.left / this.perSecond) * 1000;
    }
}

/**
 * Milliseconds until the next reading: the usual interval, doubled for each failure in a row, at most a minute.
 * @param {number} seconds
 * @param {number} failures
 */
export function nextDelay(seconds, failures) {
    return Math.min(seconds * 2 ** failures, 60) * 1000;
}
