// What the server of the page says about itself: which AWS it is, and whether time is scaled.

import { AwsError, TOKEN } from "./aws.mjs";
import { Clock } from "./clock.mjs";

const KEPT = "console-token";

/**
 * The token in the address that the command printed, `#token=…`. It is kept for this tab, and taken from the
 * address, so that it is in no bookmark and no screenshot.
 * @param {Pick<Window, "location" | "history" | "sessionStorage">} window
 */
export function takeToken({ location, history, sessionStorage }) {
    const [, given] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
    if (given) {
        sessionStorage.setItem(KEPT, given);
        history.replaceState(null, "", "#/");
    }
    return given ?? sessionStorage.getItem(KEPT) ?? "";
}

/**
 * Throws AwsError if the server refuses the token.
 * @param {{ fetch: typeof window.fetch, now: () => number, token: string }} options
 * @returns {Promise<Settings>}
 */
export async function readSettings({ fetch, now, token }) {
    const response = await fetch("settings.json", { headers: token ? { [TOKEN]: token } : {} });
    const told = await response.json();
    if (!response.ok) throw new AwsError(`HTTP ${response.status}`, told.message);
    const { name, isLocal, stack, timeScale, serviceTime } = told;
    const clock = new Clock({
        now,
        ...(serviceTime ? { scale: timeScale, service: Date.parse(serviceTime), at: now() } : {}),
    });
    return { name, isLocal, stack, clock };
}
