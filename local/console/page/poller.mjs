// Polls gently: one reading at a time, none while nobody looks, fewer while readings fail.

import { nextDelay } from "./pace.mjs";

export class Poller {
    /**
     * `read` is passed `alive()`, and shows what it reads. `tell` is called with each error, and with null after a
     * reading without one.
     * @param {View & {
     *     hidden: () => boolean,
     *     sleep: (milliseconds: number) => Promise<void>,
     *     tell: (problem: any) => void,
     * }} options
     */
    constructor({ read, seconds, hidden, sleep, tell }) {
        this.read = read;
        this.seconds = seconds;
        this.hidden = hidden;
        this.sleep = sleep;
        this.tell = tell;
        this.failures = 0;
        this.stopped = false;
    }

    /** Runs until `stop`. */
    async run() {
        while (!this.stopped) {
            if (!this.hidden()) await this.once();
            await this.sleep(nextDelay(this.seconds, this.failures));
        }
    }

    async once() {
        /** @type {unknown} */
        let problem = null;
        try {
            await this.read(() => !this.stopped);
        } catch (error) {
            problem = error;
        }
        this.failures = problem ? this.failures + 1 : 0;
        if (!this.stopped) this.tell(problem);
    }

    stop() {
        this.stopped = true;
    }
}
