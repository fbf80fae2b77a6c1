// Calls AWS operations in their JSON protocol. Local AWS does not check the signature; for AWS itself, the command
// that serves the page signs the calls, and answers only those that bring its token.

import { PACES, Pace } from "./pace.mjs";
import { withoutSecrets } from "./secrets.mjs";

const SERVICES = {
    dataPipeline: { prefix: "DataPipeline", version: "1.1" },
    stepFunctions: { prefix: "AWSStepFunctions", version: "1.0" },
    logs: { prefix: "Logs_20140328", version: "1.1" },
    cloudWatch: { prefix: "GraniteServiceVersion20100801", version: "1.0" },
};

export const TOKEN = "X-Console-Token";
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
     * `url` answers the calls; `fetch`, `now` (milliseconds) and `sleep` (of milliseconds) are passed in.
     * @param {{
     *     url: string,
     *     token?: string,
     *     fetch: typeof window.fetch,
     *     now: () => number,
     *     sleep: (milliseconds: number) => Promise<void>,
     * }} options
     */
    constructor({ url, token = "", fetch, now, sleep }) {
        this.url = url;
        this.token = token;
        this.fetch = fetch;
        this.now = now;
        this.sleep = sleep;
        this.paces = new Map();
    }

    /**
     * One operation's answer, without secrets. Throws AwsError, or what `fetch` throws when nothing answers.
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
                ...(this.token ? { [TOKEN]: this.token } : {}),
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
        return withoutSecrets(answer);
    }

    /**
     * The items of each page; `token` names the member that leads on to the next page.
     * @param {keyof typeof SERVICES} service
     * @param {string} operation
     * @param {object} request
     * @param {{ items: string, token: string }} paging
     * @returns {AsyncGenerator<any[]>}
     */
    async *pages(service, operation, request, { items, token }) {
        let next;
        do {
            const page = await this.call(service, operation, {
                ...request,
                ...(next ? { [token]: next } : {}),
            });
            yield page[items] ?? [];
            next = page.hasMoreResults === false ? undefined : page[token];
        } while (next);
    }

    /**
     * The items of all pages, `most` at the most; `token` names the member that leads on to the next page.
     * @param {keyof typeof SERVICES} service
     * @param {string} operation
     * @param {object} request
     * @param {{ items: string, token: string, most?: number }} paging
     * @returns {Promise<any[]>}
     */
    async all(service, operation, request, { most = Infinity, ...paging }) {
        const found = [];
        for await (const page of this.pages(service, operation, request, paging)) {
            found.push(...page);
            if (found.length >= most) break;
        }
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
