// Calls AWS operations in their JSON protocol, with the account's own key. Local AWS does not check the
// signatures.

import { PACES, Pace } from "./pace.mjs";

const SERVICES = {
    dataPipeline: { prefix: "DataPipeline", version: "1.1" },
    stepFunctions: { prefix: "AWSStepFunctions", version: "1.0" },
    logs: { prefix: "Logs_20140328", version: "1.1" },
    cloudWatch: { prefix: "GraniteServiceVersion20100801", version: "1.0" },
};

const AUTHORIZATION =
    "AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/console/aws4_request, SignedHeaders=host, Signature=0";

/** An error answered by a service. `code` is its name, such as ThrottlingException. */
export class AwsError extends Error {
    /**
     * @param {string} code
     * @param {string} message
     */
    constructor(code, message) {
        super(message || code);
        this.code = code;
    }
}

export class Aws {
    /**
     * `url` is the local AWS; `fetch`, `now` (milliseconds) and `sleep` (of milliseconds) are passed in.
     * @param {{ url: string, fetch: typeof window.fetch, now: () => number, sleep: (milliseconds: number) => Promise<void> }} options
     */
    constructor({ url, fetch, now, sleep }) {
        this.url = url;
        this.fetch = fetch;
        this.now = now;
        this.sleep = sleep;
        this.paces = new Map();
    }

    /**
     * One operation. Throws AwsError, or what `fetch` throws when nothing answers.
     * @param {keyof typeof SERVICES} service
     * @param {string} operation
     * @param {object} request
     * @returns {Promise<any>}
     */
    async call(service, operation, request = {}) {
        const { prefix, version } = SERVICES[service];
        await this.#turn(service, operation);
        const response = await this.fetch(this.url, {
            method: "POST",
            headers: {
                Authorization: AUTHORIZATION,
                "Content-Type": `application/x-amz-json-${version}`,
                "X-Amz-Target": `${prefix}.${operation}`,
            },
            body: JSON.stringify(request),
        });
        const text = await response.text();
        const answer = parsed(text);
        if (!response.ok) {
            const code = String(answer.__type ?? `HTTP ${response.status}`)
                .split("#")
                .slice(-1)[0];
            throw new AwsError(code, answer.message ?? answer.Message ?? text.slice(0, 200));
        }
        return answer;
    }

    /**
     * The items of all pages, `most` at the most; `token` names the member that leads on to the next page.
     * @param {keyof typeof SERVICES} service
     * @param {string} operation
     * @param {object} request
     * @param {{ items: string, token: string, most?: number }} paging
     * @returns {Promise<any[]>}
     */
    async all(service, operation, request, { items, token, most = Infinity }) {
        const found = [];
        let next;
        do {
            const page = await this.call(service, operation, {
                ...request,
                ...(next ? { [token]: next } : {}),
            });
            found.push(...(page[items] ?? []));
            next = page[token];
        } while (next && found.length < most);
        return found.slice(0, most);
    }

    /**
     * @param {string} service
     * @param {string} operation
     */
    async #turn(service, operation) {
        if (service !== "dataPipeline") return;
        const pace = this.paces.get(operation) ?? new Pace(PACES[operation], this.now());
        this.paces.set(operation, pace);
        const wait = pace.take(this.now());
        if (wait > 0) await this.sleep(wait);
    }
}

/** @param {string} text */
function parsed(text) {
    try {
        return JSON.parse(text || "{}");
    } catch {
        return {};
    }
}
