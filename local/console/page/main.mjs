// Puts the page together: which view is shown, and when each part is updated.

import { Aws } from "./aws.mjs";
import { h, Part } from "./dom.mjs";
import { Executions } from "./executions.mjs";
import { Pipelines } from "./pipelines.mjs";
import { Poller } from "./poller.mjs";
import { links, route } from "./routes.mjs";
import { attemptView } from "./view-attempt.mjs";
import { executionView } from "./view-execution.mjs";
import { homeView, readAlarms } from "./view-home.mjs";
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

const main = byId("main");
const hidden = () => document.hidden;
const aws = new Aws({
    url: `${window.location.origin}/`,
    fetch: window.fetch.bind(window),
    now: () => Date.now(),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
});
const reads = {
    aws,
    pipelines: new Pipelines(aws),
    executions: new Executions(aws),
    now: () => Date.now(),
    url: window.location.origin,
};

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
    else connection.show({ tone: "bad", text: "no answer from local AWS, trying again" });
}

/** @type {Part<Alarm[]>} */
const alarms = new Part(byId("alarms"), (raised) =>
    raised.map(({ name, reason }) =>
        h("a", { class: "pill bad", href: links.home(), title: reason }, `ALARM ${name}`),
    ),
);

/**
 * @param {View} view
 * @param {(problem: any) => void} onProblem
 */
function start({ read, seconds }, onProblem) {
    const poller = new Poller({ read, seconds, hidden, sleep: pause, tell: onProblem });
    poller.run();
    return poller;
}

/** @type {Poller | null} */
let shown = null;

function open() {
    shown?.stop();
    const wanted = route(window.location.hash);
    main.replaceChildren(h("p", { class: "loading" }, "Reading …"));
    const poller = start(VIEWS[wanted.view](main, reads, wanted), (problem) => {
        if (GONE.has(problem?.code)) {
            poller.stop();
            main.replaceChildren(
                empty("This is no longer there.", "It has been deleted, or local AWS has been started anew."),
            );
            tell(null);
        } else {
            tell(problem);
        }
    });
    shown = poller;
    sidebar.show();
}

const here = () => {
    const wanted = route(window.location.hash);
    return wanted.pipelineId ?? wanted.id ?? wanted.arn ?? "";
};
const sidebar = sidebarView(byId("sidebar"), reads, here);
// A pipeline that is deleted after it was listed disappears with the next reading.
start(sidebar, () => {});
start(
    {
        seconds: 15,
        read: async () => alarms.show((await readAlarms(aws)).filter(({ state }) => state === "ALARM")),
    },
    () => {},
);
document.querySelector(".skip")?.addEventListener("click", (event) => {
    // The part of the address after # is for views.
    event.preventDefault();
    main.focus();
});
window.addEventListener("hashchange", () => {
    open();
    main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
});
open();
