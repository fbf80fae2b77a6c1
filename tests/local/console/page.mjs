// The page's modules, and a local AWS that answers what a test says.

export const PAGE = new URL("../../../local/console/page/", import.meta.url);

export async function module(name) {
    return import(new URL(`${name}.mjs`, PAGE));
}

/** `fetch` whose answers come from `answer(operation, request)`; what it throws becomes an error's answer. */
export function fakeFetch(answer) {
    const calls = [];
    const fetch = async (url, { headers, body }) => {
        const operation = headers["X-Amz-Target"].split(".").pop();
        const request = JSON.parse(body);
        calls.push({ url, operation, request });
        try {
            const text = JSON.stringify(answer(operation, request));
            return { ok: true, status: 200, text: async () => text };
        } catch (error) {
            return {
                ok: false,
                status: 400,
                text: async () => JSON.stringify({ __type: error.code, message: error.message }),
            };
        }
    };
    return { fetch, calls };
}

/** A time that passes only by sleeping. */
export class FakeTime {
    now = 0;
    slept = [];
    sleep = async (milliseconds) => {
        this.slept.push(milliseconds);
        this.now += milliseconds;
    };
}

export async function awsOf(answer, time = new FakeTime()) {
    const { Aws } = await module("aws");
    const { fetch, calls } = fakeFetch(answer);
    return {
        aws: new Aws({ url: "http://local/", fetch, now: () => time.now, sleep: time.sleep }),
        calls,
        time,
    };
}
