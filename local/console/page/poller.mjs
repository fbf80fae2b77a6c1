// Reads again and again, gently: one reading at a time, none while nobody looks, fewer while it fails.

import { nextDelay } from "./pace.mjs";

export class Poller {
    /** `read` is given `alive()`, and shows what it has read; `tell` is told of errors, and null when all is well. */
    constructor({ read, seconds, hidden, sleep, tell }) {
        Object.assign(this, { read, seconds, hidden, sleep, tell, failures: 0, stopped: false });
    }

    /** Goes on until `stop`. */
    async run() {
        while (!this.stopped) {
            if (!this.hidden()) await this.once();
            await this.sleep(nextDelay(this.seconds, this.failures));
        }
    }

    async once() {
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
