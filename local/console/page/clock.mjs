// Data Pipeline's clock. On local AWS with a time scale it runs faster than this machine's.

export class Clock {
    /**
     * `scale` is how many times as fast it runs, and `service` what it showed at the machine's time `at`.
     * @param {{ now: () => number, scale?: number, service?: number, at?: number }} options
     */
    constructor({ now, scale = 1, service = 0, at = 0 }) {
        this.machineNow = now;
        this.scale = scale;
        this.ahead = service - at;
        this.at = at;
    }

    /** Its time now. */
    now() {
        const now = this.machineNow();
        return this.scale === 1 ? now : this.at + this.ahead + (now - this.at) * this.scale;
    }

    /**
     * The machine's time at a time of the service.
     * @param {number} time
     */
    machine(time) {
        return this.scale === 1 ? time : this.at + (time - this.at - this.ahead) / this.scale;
    }

    /**
     * The service's time at a time of the machine, such as an execution's.
     * @param {number} time
     */
    service(time) {
        return this.scale === 1 ? time : this.at + this.ahead + (time - this.at) * this.scale;
    }
}
