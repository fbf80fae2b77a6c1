// One pipeline: its instances with their attempts, latest first.

import { dependenciesOf } from "./dependencies.mjs";
import { h, Part } from "./dom.mjs";
import { lookUp } from "./look-up.mjs";
import { links } from "./routes.mjs";
import { clock, coarse, dateTime, soFar, span } from "./timeline.mjs";
import { pipelineVerdict } from "./verdict.mjs";
import { dependenciesView, legend } from "./view-dependencies.mjs";
import { axis, bar } from "./view-timeline.mjs";
import {
    clockNote,
    empty,
    facts,
    heading,
    loading,
    pager,
    pill,
    pipelinePill,
    section,
    time,
} from "./widgets.mjs";

const PAGE = 20;

/**
 * @param {HTMLElement} main
 * @param {Reads} reads
 * @param {{ id: string, page: number }} wanted
 * @returns {View}
 */
export function pipelineView(main, { pipelines, settings }, { id, page }) {
    const { clock: service } = settings;
    const runs = pipelines.runs(id);
    main.replaceChildren(loading("the pipeline"));
    /** @type {Part<{ pipeline: Pipeline, chosen: ChosenRuns, graph: Graph | null, second: number }>} */
    const part = new Part(main, ({ pipeline, chosen, graph, second }) => [
        heading("Pipeline", pipeline.name ?? id, pipelinePill(pipeline)),
        facts([
            ["Id", h("code", {}, id)],
            ["State", pipeline.state],
            ["Health", pill(pipeline.health)],
            ["Created", time(pipeline.created ?? null)],
            ["Last run", time(pipeline.lastRun ?? null)],
            ["Instances", `${chosen.complete ? "" : "more than "}${chosen.total}`],
        ]),
        pipeline.text ? h("p", { class: "about" }, pipeline.text) : null,
        body({ chosen, graph, second }, id, clockNote(settings)),
    ]);
    /** @type {Graph | null} */
    let graph = null;
    /** @param {ChosenRuns} chosen */
    const show = (chosen) => {
        const pipeline = lookUp(pipelines.described, id);
        const all = allRuns(chosen.items);
        const going = all.some(({ over }) => !over);
        part.show({
            pipeline,
            chosen,
            graph,
            second: going ? clock(all, Math.floor(service.now() / 1000) * 1000) : 0,
        });
        document.title = `${pipeline.name} ${pipelineVerdict(pipeline)}`;
    };
    return {
        seconds: 5,
        async read(alive) {
            const lastRun = pipelines.described.get(id)?.lastRun;
            // From here on, the list's reading keeps it up to date.
            const described = pipelines.described.has(id) ? null : pipelines.describe([id]);
            const reading = runs.read(page, PAGE, { now: service.now(), lastRun });
            const [chosen] = await Promise.all([reading, described]);
            if (alive()) show(chosen);
            graph ??= dependenciesOf(await pipelines.definition(id));
            if (alive()) show(chosen);
        },
    };
}

/**
 * The instances on a time line, and beside it what waits for what.
 * @param {{ chosen: ChosenRuns, graph: Graph | null, second: number }} model
 * @param {string} id
 * @param {string} note
 */
function body({ chosen, graph, second }, id, note) {
    const hasOlder = chosen.page < chosen.pages || !chosen.complete;
    const pages = chosen.complete ? chosen.pages : null;
    const drawn = graph
        ? graph.nodes.length
            ? h(
                  "div",
                  { class: "scroll graph-box", id: "dependencies", "data-scroll": "", tabindex: 0 },
                  dependenciesView(graph, chosen.items, id),
              )
            : empty("No activities.", "The definition has none.")
        : loading("the definition");
    return h(
        "div",
        { class: "beside" },
        h(
            "div",
            {},
            section(
                "Instances and attempts",
                `latest first; times are Data Pipeline's, in UTC${note}`,
                instances(chosen, id, second),
            ),
            pager({ ...chosen, pages, hasOlder }, (number) => links.pipeline(id, number), "instances"),
        ),
        section("Dependencies", "each activity as its latest instance shown here", drawn, legend()),
    );
}

/**
 * @param {Instance[]} instances
 * @returns {Run[]}
 */
const allRuns = (instances) => instances.flatMap((instance) => [instance, ...instance.attempts]);

/**
 * @param {Page<Instance>} chosen
 * @param {string} pipelineId
 * @param {number} now
 */
function instances(chosen, pipelineId, now) {
    if (!chosen.items.length) {
        return empty(
            "Nothing has run yet.",
            "Instances come when the pipeline is activated and their time has come:",
            `aws datapipeline activate-pipeline --pipeline-id ${pipelineId}`,
        );
    }
    const attempts = chosen.items.flatMap((instance) =>
        instance.attempts.length ? instance.attempts : [instance],
    );
    const range = span(attempts, now);
    return h(
        "div",
        { class: "scroll", id: "runs", "data-scroll": "" },
        h(
            "table",
            { class: "runs" },
            h(
                "thead",
                {},
                h(
                    "tr",
                    {},
                    ["Activity", "Attempt", "Status"].map((name) => h("th", { scope: "col" }, name)),
                    h("th", { scope: "col", class: "timeline" }, axis(range)),
                    h("th", { scope: "col" }, "Took"),
                ),
            ),
            chosen.items.map((instance) => h("tbody", {}, rows(instance, pipelineId, range, now))),
        ),
    );
}

/**
 * @param {Instance} instance
 * @param {string} pipelineId
 * @param {Span} range
 * @param {number} now
 */
function rows(instance, pipelineId, range, now) {
    const waits = instance.attempts.length === 0;
    const own = waits ? [instance] : instance.attempts;
    return own.map((run, index) =>
        h(
            "tr",
            {},
            index === 0
                ? h(
                      "td",
                      { class: "name", rowspan: own.length },
                      h("strong", {}, instance.component),
                      h("div", { class: "hint" }, `for ${instance.scheduled.replace("T", " ")}`),
                      // An instance waits between two attempts, and may be canceled without any.
                      instance.status !== own[own.length - 1].status
                          ? h("div", {}, pill(instance.status))
                          : null,
                  )
                : null,
            h(
                "td",
                { class: "number" },
                waits
                    ? "none"
                    : h("a", { href: links.attempt(pipelineId, run.id) }, `Attempt ${run.attempt}`),
            ),
            h(
                "td",
                {},
                pill(run.status),
                run.errorId ? h("div", { class: "bad-text" }, run.errorId) : null,
                waiting(run),
            ),
            h("td", { class: "timeline" }, bar(run, range, now)),
            h("td", { class: "number" }, took(run, now)),
        ),
    );
}

/** @param {Run} run */
function waiting(run) {
    const on = run.fields["@waitingOn"];
    return on ? h("div", { class: "hint" }, `for ${on}`) : null;
}

/**
 * @param {Run} run
 * @param {number} now
 */
function took(run, now) {
    if (run.started === null) return "";
    if (!run.over) return h("span", { title: `since ${dateTime(run.started)}` }, soFar(now - run.started));
    const end = run.ended ?? run.started;
    return h("span", { title: `${dateTime(run.started)} to ${dateTime(end)}` }, coarse(end - run.started));
}
