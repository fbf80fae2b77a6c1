// One pipeline's instances and attempts, read from the Data Pipeline API. What is known is kept, so that a reading
// takes few calls however many instances there are.

import { lookUp } from "./look-up.mjs";
import { fieldsOf, idParts, inParts, latestFirst, pageOf, timeOf, written } from "./objects.mjs";

const REPORT_INTERVAL = 60_000;
const OVER = new Set(["FINISHED", "FAILED", "CASCADE_FAILED", "CANCELED"]);
const FIRST_WINDOW = 86_400_000;
const SHORTEST_WINDOW = 1000;
const LONGEST_WINDOW = 10 * 365 * 86_400_000;
const WIDER = 10;
const QUERY_PAGE = 100;
const PAGES_AT_ONCE = 3;

export class Runs {
    /**
     * @param {Aws} aws
     * @param {string} pipelineId
     */
    constructor(aws, pipelineId) {
        this.aws = aws;
        this.pipelineId = pipelineId;
        /** @type {Record<string, Set<string>>} */
        this.ids = { INSTANCE: new Set(), ATTEMPT: new Set() };
        /** All instances that are due since then are known; null before the first reading. @type {number | null} */
        this.since = null;
        this.complete = false;
        this.window = FIRST_WINDOW;
        /** @type {Map<string, Run>} */
        this.objects = new Map();
        this.firstReports = new Map();
        this.seenWaiting = new Set();
    }

    /**
     * One page of instances, latest first, each with its attempts. `total` counts the instances that are known, which
     * are all if `complete`. `now` is the service's time, and `lastRun` the latest run's, as far as they are known.
     * @param {number} page
     * @param {number} size
     * @param {{ now: number, lastRun?: number | null }} times
     */
    async read(page, size, { now, lastRun = null }) {
        const isFirst = this.since === null;
        if (isFirst) await this.#begin(now, lastRun);
        while (!this.complete && this.ids.INSTANCE.size < page * size + 1) await this.#goBack();
        const shown = pageOf(latestFirst([...this.ids.INSTANCE]), page, size).items;
        const times = shown.map((id) => idParts(id).scheduled).filter(Boolean);
        const range = { from: times.at(-1) ?? "", to: page === 1 ? "" : times[0] };
        await Promise.all([isFirst ? null : this.#find("INSTANCE", range), this.#find("ATTEMPT", range)]);
        const chosen = pageOf(latestFirst([...this.ids.INSTANCE]), page, size);
        return {
            ...chosen,
            items: await this.#described(chosen.items),
            total: this.ids.INSTANCE.size,
            complete: this.complete,
        };
    }

    /**
     * These instances with their attempts.
     * @param {string[]} ids
     * @returns {Promise<Instance[]>}
     */
    async #described(ids) {
        /** @type {Map<string, string[]>} */
        const attempts = new Map(ids.map((id) => [id, []]));
        for (const id of this.ids.ATTEMPT) attempts.get(idParts(id).instance)?.push(id);
        const open = [...attempts.values()].flat().filter((id) => !this.objects.get(id)?.over);
        // An ended instance may run again; an ended attempt never does.
        await this.describe([...ids, ...open]);
        return ids
            .filter((id) => this.objects.has(id))
            .map((id) => ({
                ...lookUp(this.objects, id),
                attempts: lookUp(attempts, id)
                    .filter((attempt) => this.objects.has(attempt))
                    .map((attempt) => lookUp(this.objects, attempt))
                    .sort((a, b) => (a.attempt ?? 0) - (b.attempt ?? 0)),
            }));
    }

    /**
     * One instance or attempt as it is now; null if there is none.
     * @param {string} id
     */
    async current(id) {
        await this.describe([id]);
        return this.objects.get(id) ?? null;
    }

    /** @param {string[]} ids */
    async describe(ids) {
        const answers = inParts(ids).map((objectIds) =>
            this.aws.call("dataPipeline", "DescribeObjects", { pipelineId: this.pipelineId, objectIds }),
        );
        for (const answer of await Promise.all(answers))
            for (const object of answer.pipelineObjects) this.#keep(object);
    }

    /** @param {any} object */
    #keep(object) {
        const fields = fieldsOf(object);
        const started = timeOf(fields["@actualStartTime"]) ?? timeOf(fields["@creationTime"]);
        const report = timeOf(fields.reportProgressTime);
        // The service keeps the last report only. It is the first one if the attempt was still waiting when it was
        // read before, or if it came within a minute: a runner at work reports once a minute.
        if (report === null && fields["@status"] === "WAITING_FOR_RUNNER") this.seenWaiting.add(object.id);
        const isFirst =
            report !== null && (this.seenWaiting.has(object.id) || report - (started ?? 0) < REPORT_INTERVAL);
        if (isFirst && !this.firstReports.has(object.id)) this.firstReports.set(object.id, report);
        this.objects.set(object.id, {
            id: object.id,
            ...idParts(object.id),
            component: fields["@componentParent"] || idParts(object.id).component,
            status: fields["@status"] ?? "",
            over: OVER.has(fields["@status"]),
            started,
            ended: timeOf(fields["@actualEndTime"]),
            firstReport: this.firstReports.get(object.id) ?? null,
            lastReport: report,
            errorId: fields.errorId ?? "",
            errorMessage: fields.errorMessage ?? "",
            errorStackTrace: fields.errorStackTrace ?? "",
            fields,
        });
        // Whatever a search misses, an instance names its latest attempt.
        const head = fields["@headAttempt"];
        if (head) this.ids.ATTEMPT.add(head);
    }

    /**
     * The first reading: all instances, if one page of an answer holds them, or else those of the last day. The
     * service has no order in which the latest come first.
     * @param {number} now
     * @param {number | null} lastRun
     */
    async #begin(now, lastRun) {
        const from = now - FIRST_WINDOW;
        const [{ ids, more }, latest] = await Promise.all([
            this.#query("INSTANCE", {}),
            this.#search("INSTANCE", { from: written(from), to: "" }, PAGES_AT_ONCE),
        ]);
        this.complete = !more;
        this.since = latest === null ? now : from;
        this.window = latest === null ? FIRST_WINDOW / WIDER : FIRST_WINDOW * WIDER;
        this.#keepIds(more ? (latest ?? []) : ids);
        if (!more) return;
        if (latest === null) await this.#find("INSTANCE", { from: written(now), to: "" });
        else if (lastRun !== null && lastRun < from) {
            const before = await this.#search("INSTANCE", span(lastRun, from), PAGES_AT_ONCE);
            if (before === null) return;
            this.#keepIds(before);
            this.since = lastRun;
        }
    }

    /** @param {string[]} ids */
    #keepIds(ids) {
        for (const id of ids) this.ids.INSTANCE.add(id);
    }

    /** Looks further back in time: over ten times the time while little is found, over a tenth if it is too much. */
    async #goBack() {
        const since = this.since ?? 0;
        const isLast = this.window > LONGEST_WINDOW;
        const range = isLast ? { from: "", to: written(since) } : span(since - this.window, since);
        const most = this.window > SHORTEST_WINDOW ? PAGES_AT_ONCE : Infinity;
        const found = await this.#search("INSTANCE", range, isLast ? Infinity : most);
        if (found === null) {
            this.window = Math.max(this.window / WIDER, SHORTEST_WINDOW);
            return;
        }
        this.#keepIds(found);
        this.complete = isLast;
        this.since = since - this.window;
        if (found.length < QUERY_PAGE) this.window *= WIDER;
    }

    /**
     * Keeps the ids of all objects that are due in a range.
     * @param {"INSTANCE" | "ATTEMPT"} sphere
     * @param {Due} range
     */
    async #find(sphere, range) {
        for (const id of (await this.#search(sphere, range, Infinity)) ?? []) this.ids[sphere].add(id);
    }

    /**
     * The ids of all objects that are due in a range; null if they take more than `most` pages.
     * @param {"INSTANCE" | "ATTEMPT"} sphere
     * @param {Due} range
     * @param {number} most
     * @returns {Promise<string[] | null>}
     */
    async #search(sphere, range, most) {
        const operator = selecting(range);
        const query = operator
            ? { query: { selectors: [{ fieldName: "@scheduledStartTime", operator }] } }
            : {};
        const found = [];
        let marker = "";
        for (let page = 0; page < most; page += 1) {
            const { ids, more } = await this.#query(sphere, { ...query, ...(marker ? { marker } : {}) });
            found.push(...ids);
            if (!more) return found;
            marker = more;
        }
        return null;
    }

    /**
     * One page of ids, and the marker of the next one.
     * @param {"INSTANCE" | "ATTEMPT"} sphere
     * @param {object} request
     * @returns {Promise<{ ids: string[], more: string }>}
     */
    async #query(sphere, request) {
        const all = { pipelineId: this.pipelineId, sphere, ...request };
        const answer = await this.aws.call("dataPipeline", "QueryObjects", all);
        return { ids: answer.ids ?? [], more: answer.hasMoreResults === false ? "" : (answer.marker ?? "") };
    }
}

/**
 * @param {number} from
 * @param {number} to
 * @returns {Due}
 */
function span(from, to) {
    return { from: written(from), to: written(to) };
}

/**
 * The operator that selects the times of a range; an empty end is open.
 * @param {Due} range
 */
function selecting({ from, to }) {
    if (from && to) return { type: "BETWEEN", values: [from, to] };
    if (from) return { type: "GE", values: [from] };
    return to ? { type: "LE", values: [to] } : null;
}
