// Inputs and outputs of an execution's states, read only when somebody asks for them: they may be large.

export class StateData {
    /**
     * @param {Executions} executions
     * @param {() => void} changed
     * @param {(problem: unknown) => void} onProblem
     */
    constructor(executions, changed, onProblem) {
        this.executions = executions;
        this.changed = changed;
        this.onProblem = onProblem;
        /** By the ids of the events of entering and leaving a state. @type {Record<number, string>} */
        this.known = {};
        /** The steps that are unfolded, by the ids of their first events. @type {Set<number>} */
        this.open = new Set();
    }

    /** What of it is shown, as plain data. */
    get shown() {
        return { open: [...this.open], known: Object.keys(this.known) };
    }

    /**
     * The input and the output of a step; null until they are read.
     * @param {Step} step
     * @returns {[name: string, text: string][] | null}
     */
    of({ enteredId, exitedId }) {
        if (!(enteredId in this.known)) return null;
        return [
            ["Input", this.known[enteredId]],
            ["Output", exitedId === null ? "" : (this.known[exitedId] ?? "")],
        ];
    }

    /**
     * Shows or hides those of a step, and reads them if needed.
     * @param {string} arn
     * @param {Step} step
     */
    async toggle(arn, { enteredId, exitedId }) {
        const isOpen = this.open.delete(enteredId);
        if (!isOpen) this.open.add(enteredId);
        this.changed();
        const isKnown = enteredId in this.known && (exitedId === null || exitedId in this.known);
        if (isOpen || isKnown) return;
        try {
            Object.assign(this.known, await this.executions.data(arn, enteredId));
            this.known[enteredId] ??= "";
        } catch (error) {
            this.onProblem(error);
        }
        this.changed();
    }
}
