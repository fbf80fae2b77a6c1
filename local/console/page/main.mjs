// Puts the page together: which view is shown, and when each part is updated.

import { Aws } from "./aws.mjs";
import { h, Part } from "./dom.mjs";
import { Executions } from "./executions.mjs";
import { Pipelines } from "./pipelines.mjs";
import { Poller } from "./poller.mjs";
import { links, route } from "./routes.mjs";
import { readSettings, takeToken } from "./settings.mjs";
import { readAlarms } from "./view-alarms.mjs";
import { attemptView } from "./view-attempt.mjs";
import { executionView } from "./view-execution.mjs";
import { homeView } from "./view-home.mjs";
import { machineView } from "./view-machine.mjs";
import { pipelineView } from "./view-pipeline.mjs";
import { sidebarView } from "./view-sidebar.mjs";
import { empty } from "./widgets.mjs";

/** @type {Record<string, (main: HTMLElement, reads: Reads, wanted: any) => View>} */
const VIEWS = {
    home: homeView,
    pipeline: pipelineView,
    attempt: attemptView,
    machine: machineView,
    execution: executionView,
};
const GONE = new Set([
    "PipelineNotFoundException",
    "PipelineDeletedException",
    "ExecutionDoesNotExist",
    "StateMachineDoesNotExist",
]);

const LONGEST_HEAD_START = 1000;

const main = byId("main");
const hidden = () => document.hidden;
const now = () => Date.now();

/**
 * An element of index.html.
 * @param {string} id
 */
function byId(id) {
    const element = document.getElementById(id);
    if (element === null) throw new Error(`index.html has no element ${id}`);
    return element;
}

/**
 * Waits, but at most until somebody looks at the page again.
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
function pause(milliseconds) {
    return new Promise((resolve) => {
        const done = () => {
            if (document.hidden) return;
            document.removeEventListener("visibilitychange", done);
            clearTimeout(timer);
            resolve();
        };
        const timer = setTimeout(() => {
            document.removeEventListener("visibilitychange", done);
            resolve();
        }, milliseconds);
        document.addEventListener("visibilitychange", done);
    });
}

const connection = new Part(byId("connection"), ({ tone, text }) => [
    h("span", { class: `dot ${tone}` }),
    h("span", {}, text),
]);

/** @param {any} problem */
function tell(problem) {
    if (problem === null) connection.show({ tone: "good", text: "live" });
    else if (problem.code === "ThrottlingException")
        connection.show({ tone: "waiting", text: "throttled, reading less often" });
    else if (problem.code) connection.show({ tone: "bad", text: `${problem.code}: ${problem.message}` });
    else connection.show({ tone: "bad", text: "no answer, trying again" });
}

/**
 * @param {View} view
 * @param {(problem: any) => void} onProblem
 * @param {() => void} afterFirst
 */
function start({ read, seconds }, onProblem, afterFirst = () => {}) {
    const poller = new Poller({
        read: (alive) => read(alive).finally(afterFirst),
        seconds,
        hidden,
        sleep: pause,
        tell: onProblem,
    });
    poller.run();
    return poller;
}

/** @param {Reads} reads */
function show(reads) {
    const { aws, pipelines, settings } = reads;
    /** @type {{ poller: Poller, view: View } | null} */
    let shown = null;

    /** @param {() => void} afterFirst */
    const open = (afterFirst = () => {}) => {
        shown?.poller.stop();
        const wanted = route(window.location.hash);
        const view = VIEWS[wanted.view](main, reads, wanted);
        /** @param {any} problem */
        const onProblem = (problem) => {
            if (GONE.has(problem?.code)) {
                poller.stop();
                main.replaceChildren(
                    empty(
                        "This is no longer there.",
                        "It has been deleted, or local AWS has been started anew.",
                    ),
                );
                tell(null);
            } else {
                tell(problem);
            }
        };
        const poller = start(view, onProblem, afterFirst);
        shown = { poller, view };
        sidebar.show();
        return view;
    };
    const here = () => {
        const wanted = route(window.location.hash);
        return wanted.pipelineId ?? wanted.id ?? wanted.arn ?? "";
    };
    const sidebar = sidebarView(byId("sidebar"), reads, here);
    const changed = () => {
        sidebar.show();
        shown?.view.pipelinesChanged?.();
    };
    const raised = new Part(byId("alarms"), alarmPills);
    const readRaised = async () =>
        raised.show((await readAlarms(aws, settings.stack)).filter(({ state }) => state === "ALARM"));
    let isWhole = false;
    const startOthers = () => {
        if (isWhole) return;
        isWhole = true;
        // A pipeline that is deleted after it was listed disappears with the next reading.
        start({ seconds: 10, read: () => pipelines.read([here()], changed) }, (problem) => {
            if (problem !== null && !GONE.has(problem.code)) tell(problem);
        });
        start(sidebar, () => {});
        start({ seconds: 15, read: readRaised }, () => {});
    };
    // The view comes first: what is read beside it would slow it down. The first page shows the pipelines itself.
    const first = open(startOthers);
    setTimeout(startOthers, first.pipelinesChanged ? 0 : LONGEST_HEAD_START);
    window.addEventListener("hashchange", () => {
        open();
        main.focus({ preventScroll: true });
        window.scrollTo(0, 0);
    });
}

/** @param {Alarm[]} raised */
function alarmPills(raised) {
    return raised.map(({ name, reason }) =>
        h("a", { class: "pill bad", href: links.home(), title: reason }, `ALARM ${name}`),
    );
}

/** @param {Settings} settings */
function showName({ name, clock }) {
    byId("name").textContent = name;
    if (clock.scale === 1) return;
    const text = `time is scaled: ×${clock.scale}`;
    const title = `Data Pipeline's clock, schedules and waits run ${clock.scale} times as fast as this machine's clock.`;
    byId("scale").replaceChildren(h("span", { class: "pill waiting", title }, text));
}

async function begin() {
    const token = takeToken(window);
    const fetch = window.fetch.bind(window);
    try {
        const settings = await readSettings({ fetch, now, token });
        showName(settings);
        const sleep = (/** @type {number} */ milliseconds) =>
            /** @type {Promise<void>} */ (new Promise((resolve) => setTimeout(resolve, milliseconds)));
        const aws = new Aws({ url: `${window.location.origin}/`, token, fetch, now, sleep });
        const pipelines = new Pipelines(aws);
        const executions = new Executions(aws);
        show({ aws, pipelines, executions, settings, now, tell, url: window.location.origin });
    } catch (/** @type {any} */ problem) {
        main.replaceChildren(empty("The console cannot be shown.", String(problem.message)));
        tell(problem);
    }
}

document.querySelector(".skip")?.addEventListener("click", (event) => {
    // The part of the address after # is for views.
    event.preventDefault();
    main.focus();
});
begin();
