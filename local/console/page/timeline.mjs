// The statuses of an attempt over time, and the axis that they are drawn on. Times are milliseconds.

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
const DAY = 86_400_000;

/**
 * `[{status, from, to}]` of an instance or an attempt. The service says when it began, when a runner reported on
 * it last, and when it ended; `firstReport` is null where it is not known, and `now` the end of what is going on.
 * @param {Times} run
 * @param {number} now
 * @returns {Segment[]}
 */
export function segments({ status, over, started, ended, firstReport, lastReport }, now) {
    if (started === null) return [];
    const end = Math.max(started, over ? (ended ?? lastReport ?? started) : now);
    // It never ran: it waited until what it depends on had failed.
    if (status === "CASCADE_FAILED")
        return [
            { status: "WAITING_ON_DEPENDENCIES", from: started, to: end },
            { status, from: end, to: end },
        ];
    if (firstReport === null || status === "WAITING_ON_DEPENDENCIES")
        return [{ status, from: started, to: end }];
    const taken = between(firstReport, started, end);
    const waiting = { status: "WAITING_FOR_RUNNER", from: started, to: taken };
    if (status !== "WAITING_FOR_RUNNER") return [waiting, { status, from: taken, to: end }];
    // Its runner stopped reporting, or its precondition was not met: it is offered again.
    const silent = between(lastReport ?? 0, taken, end);
    return [waiting, { status: "RUNNING", from: taken, to: silent }, { status, from: silent, to: end }];
}

/**
 * An attempt's statuses over time: `[{status, from, to}]`. `to` is null for the current one.
 * @param {Times} run
 * @param {number} now
 * @returns {Status[]}
 */
export function statuses(run, now) {
    const parts = segments(run, now);
    const last = parts.at(-1);
    if (!last) return [];
    if (!run.over) return [...parts.slice(0, -1), { ...last, to: null }];
    const before = run.lastReport === null ? "WAITING_FOR_RUNNER" : "RUNNING";
    return [
        ...parts.slice(0, -1),
        { ...last, status: before },
        { status: run.status, from: last.to, to: null },
    ];
}

/**
 * The attempt, taken when the execution that runs it began, if that lies between what the service tells.
 * @template {Times} Timed
 * @param {Timed} run
 * @param {number | null | undefined} executionStarted
 */
export function takenBy(run, executionStarted) {
    // Times of the service are whole seconds; with a time scale they are of another clock than the execution's.
    const fits =
        typeof executionStarted === "number" &&
        run.started !== null &&
        run.lastReport !== null &&
        executionStarted >= run.started &&
        executionStarted < run.lastReport + 1000;
    return fits ? { ...run, firstReport: executionStarted } : run;
}

/**
 * The time that all attempts take up: `{from, to}`, at least a second. `now` counts while one is not over.
 * @param {Times[]} runs
 * @param {number} now
 * @returns {Span}
 */
export function span(runs, now) {
    const begun = runs.flatMap((run) => (run.started === null ? [] : { run, started: run.started }));
    if (!begun.length) return { from: now - 1000, to: now };
    const from = Math.min(...begun.map(({ started }) => started));
    const ends = begun.flatMap(({ run }) => segments(run, now).map(({ to }) => to));
    return { from, to: Math.max(from + 1000, ...ends) };
}

/**
 * The service's time, as far as its answers show. With a time scale it runs ahead of this machine's.
 * @param {Times[]} runs
 * @param {number} machineNow
 */
export function clock(runs, machineNow) {
    const told = runs.flatMap(({ started, ended, lastReport }) => [started, ended, lastReport]);
    return Math.max(machineNow, ...told.filter((time) => time !== null));
}

/**
 * The position of a time in a span: 0 at its start, 1 at its end.
 * @param {number} time
 * @param {Span} span
 */
export function fraction(time, { from, to }) {
    return between((time - from) / (to - from), 0, 1);
}

/**
 * At most `most` round times in a span.
 * @param {Span} span
 * @param {number} most
 */
export function ticks({ from, to }, most) {
    const seconds = STEPS.find((step) => (to - from) / (step * 1000) <= most);
    const step = seconds ? seconds * 1000 : Math.ceil((to - from) / DAY / most) * DAY;
    const first = Math.ceil(from / step) * step;
    return Array.from(
        { length: Math.max(0, Math.floor((to - first) / step) + 1) },
        (_, i) => first + i * step,
    );
}

/**
 * Text such as `450 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d 1 h`.
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
    if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`;
    const seconds = milliseconds / 1000;
    if (seconds < 10) return `${Math.floor(seconds * 10) / 10} s`;
    /** @type {[string, number][]} */
    const units = [
        ["d", 86400],
        ["h", 3600],
        ["min", 60],
        ["s", 1],
    ];
    const index = units.findIndex(([, size]) => seconds >= size);
    const [unit, size] = units[index];
    const [smaller, part] = units[index + 1] ?? ["", 0];
    const rest = part ? Math.floor((seconds % size) / part) : 0;
    return `${Math.floor(seconds / size)} ${unit}${rest ? ` ${rest} ${smaller}` : ""}`;
}

/**
 * A duration between two of Data Pipeline's times, which are whole seconds.
 * @param {number} milliseconds
 */
export function coarse(milliseconds) {
    return milliseconds < 1000 ? "under 1 s" : duration(milliseconds);
}

/**
 * How long something has lasted that is not over: no number where the service's clock is not known.
 * @param {number} milliseconds
 */
export function soFar(milliseconds) {
    return milliseconds < 1000 ? "so far" : `for ${coarse(milliseconds)} so far`;
}

/**
 * UTC, such as `2026-11-24 10:00:00`.
 * @param {number | null | undefined} time
 */
export function dateTime(time) {
    return time === null || time === undefined
        ? ""
        : new Date(time).toISOString().slice(0, 19).replace("T", " ");
}

/**
 * UTC, such as `10:00:00`; with milliseconds `10:00:00.000`.
 * @param {number} time
 */
export function timeOfDay(time, { precise = false } = {}) {
    return new Date(time).toISOString().slice(11, precise ? 23 : 19);
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function between(value, least, most) {
    return Math.min(Math.max(value, least), most);
}
