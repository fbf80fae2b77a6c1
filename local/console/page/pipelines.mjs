// All pipelines, read from the Data Pipeline API.

import { fieldsOf, inParts, timeOf } from "./objects.mjs";
import { Runs } from "./runs.mjs";

const DESCRIBED_AGAIN = 25;
const IDLE = new Set(["FINISHED", "INACTIVE", "PENDING"]);

export class Pipelines {
    /** @param {Aws} aws */
    constructor(aws) {
        this.aws = aws;
        /** @type {{ id: string, name: string }[] | null} */
        this.listed = null;
        /** @type {Map<string, Pipeline>} */
        this.described = new Map();
        /** @type {Map<string, number>} */
        this.describedAt = new Map();
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
     * All pipelines that have been listed, with what describing them told, and how many are not described yet; null
     * before the first list.
     * @returns {{ all: Listed[], undescribed: number } | null}
     */
    current() {
        if (this.listed === null) return null;
        const all = this.listed.map(({ id, name }) => ({ id, name, ...(this.described.get(id) ?? {}) }));
        return { all, undescribed: all.filter(({ id }) => !this.described.has(id)).length };
    }

    /**
     * Lists all pipelines, describes those that are new, and again some that may have changed: `first`, and the ones
     * described longest ago. `changed` is called whenever there is more to show.
     * @param {string[]} first
     * @param {() => void} changed
     */
    async read(first, changed) {
        const paging = { items: "pipelineIdList", token: "marker" };
        const found = [];
        for await (const page of this.aws.pages("dataPipeline", "ListPipelines", {}, paging)) {
            found.push(...page);
            // The first time, each page counts. Later on, a pipeline would seem to vanish and come back.
            if (this.listed === null || found.length > this.listed.length) {
                this.listed = [...found];
                changed();
            }
        }
        this.listed = found;
        changed();
        const ids = found.map(({ id }) => id);
        const fresh = ids.filter((id) => !this.described.has(id));
        for (const part of [...inParts(fresh), ...this.#again(ids, first)]) {
            await this.describe(part);
            changed();
        }
    }

    /**
     * Two calls' worth of pipelines to describe again: of those at work, and of the others.
     * @param {string[]} ids
     * @param {string[]} first
     */
    #again(ids, first) {
        /** @param {string} id */
        const age = (id) => this.describedAt.get(id) ?? 0;
        const known = ids.filter((id) => this.described.has(id)).sort((a, b) => age(a) - age(b));
        const ordered = [...new Set([...first.filter((id) => known.includes(id)), ...known])];
        const idle = ordered.filter((id) => IDLE.has(this.described.get(id)?.state ?? ""));
        const busy = ordered.filter((id) => !idle.includes(id));
        const parts = ordered.length <= DESCRIBED_AGAIN ? [ordered] : [busy, idle];
        return parts.filter((part) => part.length).map((part) => part.slice(0, DESCRIBED_AGAIN));
    }

    /** @param {string[]} ids */
    async describe(ids) {
        for (const pipelineIds of inParts(ids)) {
            const answer = await this.aws.call("dataPipeline", "DescribePipelines", { pipelineIds });
            for (const pipeline of answer.pipelineDescriptionList) {
                this.described.set(pipeline.pipelineId, description(pipeline));
                this.describedAt.set(pipeline.pipelineId, this.aws.now());
            }
        }
    }

    /**
     * The objects of a pipeline's definition that its runs follow.
     * @param {string} id
     * @returns {Promise<any[]>}
     */
    async definition(id) {
        const version = this.described.get(id)?.state === "PENDING" ? "latest" : "active";
        const request = { pipelineId: id, version };
        return (await this.aws.call("dataPipeline", "GetPipelineDefinition", request)).pipelineObjects ?? [];
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
