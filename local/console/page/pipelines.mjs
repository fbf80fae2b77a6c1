// Pipelines, their instances and their attempts, read from the Data Pipeline API.

import { lookUp } from "./look-up.mjs";

const IDS_A_CALL = 25;
const QUERY_PAGE = 100;
const REPORT_INTERVAL = 60_000;
const OVER = new Set(["FINISHED", "FAILED", "CASCADE_FAILED", "CANCELED"]);

/**
 * A pipeline object's fields by key. If a key has several values, the first.
 * @param {{ fields?: { key: string, stringValue?: string, refValue?: string }[] }} object
 * @returns {Record<string, string>}
 */
export function fieldsOf(object) {
    /** @type {Record<string, string>} */
    const fields = {};
    for (const { key, stringValue, refValue } of object.fields ?? [])
        fields[key] ??= stringValue ?? refValue ?? "";
    return fields;
}

/**
 * Milliseconds of a UTC time such as 2026-11-24T10:00:00; null for anything else.
 * @param {string | undefined} text
 */
export function timeOf(text) {
    if (!text) return null;
    const time = Date.parse(/Z$|[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`);
    return Number.isNaN(time) ? null : time;
}

/**
 * The parts of an instance's or an attempt's id, such as `@Copy_2026-11-24T10:00:00_Attempt=2`.
 * @param {string} id
 * @returns {IdParts}
 */
export function idParts(id) {
    const [, instance, number] = matched(/^(.*?)(?:_Attempt=(\d+))?$/s, id);
    const [, name, scheduled] = matched(/^@?(.*?)(?:_(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d))?$/s, instance);
    return { instance, component: name, scheduled: scheduled ?? "", attempt: number ? Number(number) : null };
}

/**
 * The groups of an expression that matches any text.
 * @param {RegExp} expression
 * @param {string} text
 */
function matched(expression, text) {
    return expression.exec(text) ?? [];
}

/**
 * Ids of instances, latest first. Those due at the same time keep their order.
 * @param {string[]} ids
 */
export function latestFirst(ids) {
    const place = new Map(ids.map((id, index) => [id, index]));
    const scheduled = new Map(ids.map((id) => [id, idParts(id).scheduled]));
    return [...ids].sort((a, b) => {
        const [timeOfA, timeOfB] = [lookUp(scheduled, a), lookUp(scheduled, b)];
        return timeOfA === timeOfB ? lookUp(place, a) - lookUp(place, b) : timeOfA < timeOfB ? 1 : -1;
    });
}

/**
 * One page of a list, and the number of pages; a page beyond the end is the last one.
 * @template Item
 * @param {Item[]} items
 * @param {number} number
 * @param {number} size
 * @returns {Page<Item>}
 */
export function pageOf(items, number, size) {
    const pages = Math.max(1, Math.ceil(items.length / size));
    const page = Math.min(Math.max(1, number), pages);
    return { page, pages, items: items.slice((page - 1) * size, page * size) };
}

/** @param {string[]} ids */
const inParts = (ids) =>
    Array.from({ length: Math.ceil(ids.length / IDS_A_CALL) }, (_, i) =>
        ids.slice(i * IDS_A_CALL, (i + 1) * IDS_A_CALL),
    );

export class Pipelines {
    /** @param {Aws} aws */
    constructor(aws) {
        this.aws = aws;
        /** @type {Map<string, Pipeline>} */
        this.described = new Map();
        /** @type {Map<string, Runs>} */
        this.known = new Map();
    }

    /**
     * The runs of a pipeline, with what was read of them before.
     * @param {string} id
     * @returns {Runs}
     */
    runs(id) {
        const runs = this.known.get(id) ?? new Runs(this.aws, id);
        this.known.set(id, runs);
        return runs;
    }

    /**
     * All pipelines, newest first. Their states are those of when they were described last.
     * @returns {Promise<Listed[]>}
     */
    async list() {
        const listed = await this.aws.all(
            "dataPipeline",
            "ListPipelines",
            {},
            { items: "pipelineIdList", token: "marker" },
        );
        await this.describe(listed.map(({ id }) => id).filter((id) => !this.described.has(id)));
        return listed
            .map(({ id, name }) => ({ id, name, ...(this.described.get(id) ?? {}) }))
            .sort((a, b) => (b.created ?? 0) - (a.created ?? 0) || (a.name < b.name ? -1 : 1));
    }

    /** @param {string[]} ids */
    async describe(ids) {
        for (const pipelineIds of inParts(ids)) {
            const answer = await this.aws.call("dataPipeline", "DescribePipelines", { pipelineIds });
            for (const pipeline of answer.pipelineDescriptionList)
                this.described.set(pipeline.pipelineId, description(pipeline));
        }
    }
}

/**
 * @param {any} pipeline
 * @returns {Pipeline}
 */
function description(pipeline) {
    const fields = fieldsOf(pipeline);
    return {
        name: pipeline.name,
        state: fields["@pipelineState"] ?? "",
        health: fields["@healthStatus"] ?? "",
        created: timeOf(fields["@creationTime"]),
        lastRun: timeOf(fields["@latestRunTime"]),
        text: pipeline.description ?? "",
    };
}

/** One pipeline's runs. Known data is kept, so a reading takes few calls. */
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
        /** @type {Record<string, string>} */
        this.latest = { INSTANCE: "", ATTEMPT: "" };
        /** @type {Map<string, Run>} */
        this.objects = new Map();
        this.firstReports = new Map();
        this.seenWaiting = new Set();
    }

    /**
     * One page of instances, latest first, each with its attempts.
     * @param {number} page
     * @param {number} size
     */
    async read(page, size) {
        await this.#find("INSTANCE", "@scheduledStartTime");
        await this.#find("ATTEMPT", "@actualStartTime");
        const chosen = pageOf(latestFirst([...this.ids.INSTANCE]), page, size);
        /** @type {Map<string, string[]>} */
        const attempts = new Map(chosen.items.map((id) => [id, []]));
        for (const id of this.ids.ATTEMPT) attempts.get(idParts(id).instance)?.push(id);
        const open = [...attempts.values()].flat().filter((id) => !this.objects.get(id)?.over);
        // An ended instance may run again; an ended attempt never does.
        await this.describe([...chosen.items, ...open]);
        const instances = chosen.items
            .filter((id) => this.objects.has(id))
            .map((id) => ({
                ...lookUp(this.objects, id),
                attempts: lookUp(attempts, id)
                    .filter((attempt) => this.objects.has(attempt))
                    .map((attempt) => lookUp(this.objects, attempt))
                    .sort((a, b) => (a.attempt ?? 0) - (b.attempt ?? 0)),
            }));
        return {
            ...chosen,
            items: instances,
            total: this.ids.INSTANCE.size,
            attempts: this.ids.ATTEMPT.size,
        };
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
        for (const objectIds of inParts(ids)) {
            const request = { pipelineId: this.pipelineId, objectIds };
            const answer = await this.aws.call("dataPipeline", "DescribeObjects", request);
            for (const object of answer.pipelineObjects) this.#keep(object);
        }
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
        const sphere = fields["@sphere"];
        const time = fields[sphere === "INSTANCE" ? "@scheduledStartTime" : "@actualStartTime"] ?? "";
        if (sphere in this.latest && time > this.latest[sphere]) this.latest[sphere] = time;
    }

    /**
     * Looks for new ids: all of them while they fit into one page of the answer, then those since the latest.
     * @param {"INSTANCE" | "ATTEMPT"} sphere
     * @param {string} timeField
     */
    async #find(sphere, timeField) {
        const since = this.ids[sphere].size >= QUERY_PAGE ? this.latest[sphere] : "";
        const selector = { fieldName: timeField, operator: { type: "GE", values: [since] } };
        const request = {
            pipelineId: this.pipelineId,
            sphere,
            ...(since ? { query: { selectors: [selector] } } : {}),
        };
        const found = await this.aws.all("dataPipeline", "QueryObjects", request, {
            items: "ids",
            token: "marker",
        });
        for (const id of found) this.ids[sphere].add(id);
    }
}
